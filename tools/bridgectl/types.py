"""Checks the types of the firmware against the stubs of the ports, with basedpyright; run by `make lint`.

A run for each board, because `machine` differs between the ports and pins between the boards. The stubs come from
requirements.lock.
"""

import json
import re
import subprocess
import sys

from bridgectl import firmware

firmware.load()
from known import BOARDS  # noqa: E402

ROOT = firmware.ROOT
# What the checker says of unannotated code or of gaps in the stubs, not of our mistakes.
_NOT_OURS = re.compile(
    r"Cannot assign to attribute"  # whose first value is None
    r'|for class "(BytesIO|StringIO)"'  # stubs without the methods of a stream
    r'|for class "Settings"'  # names from a table; test_architecture.py checks those
    r'|Import "(version|board)"'  # made by the builder
    # The checker finds the PC's own http before lib/http; on a board nothing else has this name.
    r'|Import "http\.\w+" could not|"(routes|response|Server|Site)" is unknown import symbol'
    r'|"VfsRom" is not a known attribute'  # only in images that have the room
    r'|Cannot access attribute "\w+" for class "None"'  # whose first value is None
    r'|overloads for "(ticks_diff|__init__)"'  # a stamp that is None until it is set; bytearray read by BytesIO
)
# folder of the board: (folder that it shares, port)
_CHIPS = {name: (shared, port) for name, shared, port, *_ in BOARDS if shared}


def _stub_folder(port):
    """Return build/typings/<port> with the stubs of the port, installed once per lock file."""
    target = ROOT / "build" / "typings" / port
    stamp = target / ".made"
    lock = ROOT / "stubs.lock"
    if stamp.exists() and stamp.stat().st_mtime > lock.stat().st_mtime:
        return target
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    wanted = [
        line
        for line in lock.read_text().split("\n\n")
        if line.startswith((f"micropython-{port}-stubs", "micropython-stdlib"))
    ]
    target.mkdir(parents=True, exist_ok=True)
    chosen = target / "wanted.txt"
    chosen.write_text("\n".join(wanted))
    subprocess.run([*pip, "--no-deps", "--target", str(target), "-r", str(chosen)], check=True)
    stamp.touch()
    return target


def check(board):
    """Return the errors that the type checker finds for a board, as lines of text."""
    project = ROOT / "build" / "typings" / f"{board}.json"
    shared, port = _CHIPS[board]
    stubs = _stub_folder(port)
    own = (f"boards/{board}", f"boards/{shared}")
    paths = ["lib", "firmware", "boards", *own]
    project.write_text(
        json.dumps(
            {
                "include": [str(ROOT / p) for p in ("firmware", "lib", *own)],
                "exclude": [str(ROOT / "lib/**/example*.py"), str(ROOT / "boards/**/manifest.py")],
                "extraPaths": [str(ROOT / p) for p in paths],
                "typeshedPath": str(stubs),
                "stubPath": str(stubs),
                "typeCheckingMode": "basic",
                "pythonVersion": "3.10",
                "pythonPlatform": "Linux",
                "reportMissingModuleSource": False,
                "reportArgumentType": False,
                "reportOptionalCall": False,
                "reportOptionalMemberAccess": False,
                "reportOptionalSubscript": False,
                "reportOptionalOperand": False,
                "reportOptionalIterable": False,
            }
        )
    )
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "-p", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    found = json.loads(done.stdout)
    lines = []
    for d in found["generalDiagnostics"]:
        if d["severity"] == "error" and not _NOT_OURS.search(d["message"]):
            line = d["range"]["start"]["line"] + 1
            lines.append(f"{d['file'].removeprefix(str(ROOT) + '/')}:{line}: {d['message']} ({d.get('rule', '')})")
    return lines, found["summary"]["filesAnalyzed"]


def main():
    bad = 0
    for board in _CHIPS:
        lines, files = check(board)
        bad += len(lines)
        print(f"types, {board}: {files} files, {len(lines)} errors")
        for line in lines:
            print("  " + line)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
