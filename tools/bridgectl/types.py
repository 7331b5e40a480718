"""Checks the types of the firmware against the stubs of both boards, with basedpyright; run by `make lint`.

Two runs, because `machine` differs between the ports. The stubs come from requirements.lock.
"""

import json
import re
import subprocess
import sys

from bridgectl import firmware

ROOT = firmware.ROOT
# What the checker says of unannotated code or of gaps in the stubs, not of our mistakes.
_NOT_OURS = re.compile(
    r"Cannot assign to attribute"  # whose first value is None
    r'|for class "(BytesIO|StringIO)"'  # stubs without the methods of a stream
    r'|for class "Settings"'  # names from a table; test_architecture.py checks those
    r'|Import "(microdot|version|board)"'  # made or fetched by the builder
    r'|overloads for "(ticks_diff|__init__)"'  # a stamp that is None until it is set; bytearray read by BytesIO
)
_STUBS = {"esp32": "micropython-esp32-stubs", "rp2040": "micropython-rp2-stubs"}


def _stub_folder(board):
    """Return build/typings/<board> with the stubs of the port, installed once per lock file."""
    target = ROOT / "build" / "typings" / board
    stamp = target / ".made"
    lock = ROOT / "stubs.lock"
    if stamp.exists() and stamp.stat().st_mtime > lock.stat().st_mtime:
        return target
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    wanted = [line for line in lock.read_text().split("\n\n") if line.startswith((_STUBS[board], "micropython-stdlib"))]
    target.mkdir(parents=True, exist_ok=True)
    chosen = target / "wanted.txt"
    chosen.write_text("\n".join(wanted))
    subprocess.run([*pip, "--no-deps", "--target", str(target), "-r", str(chosen)], check=True)
    stamp.touch()
    return target


def check(board):
    """Return the errors that the type checker finds for a board, as lines of text."""
    project = ROOT / "build" / "typings" / f"{board}.json"
    stubs = _stub_folder(board)
    paths = ["lib", "firmware", "boards", f"boards/{board}"]
    project.write_text(
        json.dumps(
            {
                "include": [str(ROOT / p) for p in ("firmware", "lib", f"boards/{board}")],
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
    for board in _STUBS:
        lines, files = check(board)
        bad += len(lines)
        print(f"types, {board}: {files} files, {len(lines)} errors")
        for line in lines:
            print("  " + line)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
