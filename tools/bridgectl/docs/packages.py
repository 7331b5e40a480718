"""Writes the package.json of every room of lib/ from what its modules and its example import.

`python -m bridgectl.docs.packages` writes them; `--check` only says which are old. The version in a file is kept.
"""

import ast
import json
import os
import sys

from bridgectl import firmware
from bridgectl.device import build

LIB = firmware.ROOT / "lib"


def rooms():
    """Return the paths in lib/ of all folders with modules, in order."""
    folders = {path.parent for path in LIB.rglob("*.py")} - {LIB}
    return sorted(folder.relative_to(LIB).as_posix() for folder in folders)


def needed(room):
    """Return {path on the device: file in the tree} of the modules of a room and of all that they import, also late."""
    found, todo = {}, list((LIB / room).glob("*.py"))
    while todo:
        path = todo.pop()
        target = path.relative_to(LIB).as_posix()
        if target in found:
            continue
        if not path.stem.startswith("example"):  # an example is not installed, but finds all that it imports
            found[target] = path
        todo += [LIB / name for name in _imports(ast.parse(path.read_text())) if (LIB / name).exists()]
    return found


def package(room):
    """Return the text of a room's package.json."""
    path = LIB / room / "package.json"
    version = json.loads(path.read_text())["version"] if path.exists() else "0.1.0"
    urls = sorted((target, os.path.relpath(source, LIB / room)) for target, source in needed(room).items())
    rows = [f"    {json.dumps(url)}" for url in urls]
    return '{\n  "urls": [\n%s\n  ],\n  "deps": [],\n  "version": "%s"\n}\n' % (",\n".join(rows), version)


def old():
    """Return the rooms whose package.json is not what it should be."""
    return [room for room in rooms() if _held(LIB / room / "package.json") != package(room)]


def main():
    """Write the files, or with --check only compare them."""
    for room in old():
        if sys.argv[1:] == ["--check"]:
            sys.exit(f"lib/{room}/package.json is not what its modules import: run python -m bridgectl.docs.packages")
        (LIB / room / "package.json").write_text(package(room))


def _imports(tree):
    """Yield the files, as seen from lib/, that a module's imports would be."""
    yield from (f"{name.replace('.', '/')}.py" for name in build.imported(tree))


def _held(path):
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    main()
