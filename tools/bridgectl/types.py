"""Checks the types of the firmware against the stubs of the ports, with basedpyright; run by `make lint`.

A run for each board, because `machine` differs between the ports and pins between the boards. The stubs come from
stubs.lock. One more run reads tools and tests, which are not typed: only whether each call gives what is called as many
arguments as it takes. So a changed signature shows at once in what runs seldom, such as a fuzz target or a figure.
"""

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

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
_MISFIT = re.compile(r"^Expected \d+ (more )?positional|^Arguments? missing for|^No parameter named")
_CALLED = (
    "tools",
    "lib",
    "firmware",
    "boards",
    "boards/host",
    "host_tests/mocks",
    "host_tests/rigs",
    "host_tests/rigs/unix",
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
    found = _run(project)
    lines = [_line(d) for d in found["generalDiagnostics"] if not _NOT_OURS.search(d["message"])]
    return lines, found["summary"]["filesAnalyzed"]


def calls():
    """Return the calls in tools and tests that do not fit what is called, as lines of text."""
    project = ROOT / "build" / "typings" / "calls.json"
    project.parent.mkdir(parents=True, exist_ok=True)
    project.write_text(
        json.dumps(
            {
                "include": [str(ROOT / p) for p in ("tools", "host_tests")],
                "exclude": [str(ROOT / "host_tests" / "rigs" / "node")],
                "extraPaths": [str(ROOT / p) for p in _CALLED],
                "typeCheckingMode": "off",
                "reportCallIssue": "error",
                "pythonVersion": "3.10",
                "pythonPlatform": "Linux",
            }
        )
    )
    found = _run(project)
    wrong = [d for d in found["generalDiagnostics"] if _MISFIT.search(d["message"]) and not _starred(d)]
    return [_line(d) for d in wrong], found["summary"]["filesAnalyzed"]


def _starred(diagnostic):
    """Return True if the call hands on a sequence of unknown length."""
    at = diagnostic["range"]["start"]
    line = Path(diagnostic["file"]).read_text().splitlines()[at["line"]]
    return re.search(r"[(,] ?\*", line[: at["character"]]) is not None


def _run(project):
    """Return what the checker says of a project; its diagnostics are the errors only."""
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "-p", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    found = json.loads(done.stdout)
    found["generalDiagnostics"] = [d for d in found["generalDiagnostics"] if d["severity"] == "error"]
    return found


def _line(diagnostic):
    where = f"{diagnostic['file'].removeprefix(str(ROOT) + '/')}:{diagnostic['range']['start']['line'] + 1}"
    return f"{where}: {diagnostic['message']} ({diagnostic.get('rule', '')})"


def main():
    bad = 0
    for name, checked in [*((board, partial(check, board)) for board in _CHIPS), ("calls of tools and tests", calls)]:
        lines, files = checked()
        bad += len(lines)
        print(f"types, {name}: {files} files, {len(lines)} errors")
        for line in lines:
            print("  " + line)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
