"""What comes and goes takes nothing along that somebody else uses, checked on the sources."""

import ast
import functools

import pytest
from bridgectl import firmware
from bridgectl.device import build
from imports import tree

ROOT = firmware.ROOT
BOARDS = sorted(p for p in (ROOT / "boards").rglob("*.py") if p.name != "manifest.py")


def _modules():
    """Return {dotted name: tree} of lib/, bridge/ and the boards."""
    found = {}
    for top, folder in ((ROOT / "lib", ROOT / "lib"), (ROOT / "firmware", ROOT / "firmware" / "bridge")):
        found |= {".".join(path.relative_to(top).with_suffix("").parts): path for path in folder.rglob("*.py")}
    found |= {path.stem: path for path in BOARDS}
    return {name: tree(path) for name, path in found.items()}


def _joined():
    """Return {dotted name: tree} of the files of a Pico W's slot, many modules in each (device/joined.py)."""
    return {at.replace("/", "."): ast.parse(text) for at, text in build.joined_slot("rp2040").files.items()}


@functools.cache
def _tops(module):
    """Return the dotted names that a module imports when it is imported itself."""
    tops = ast.Module([n for n in module.body if isinstance(n, (ast.Import, ast.ImportFrom))], [])
    return set(build.imported(tops))


def _closure(names, modules):
    found, todo = set(), [*names]
    while todo:
        name = todo.pop()
        if name in modules and name not in found:
            found.add(name)
            todo += _tops(modules[name])
    return found


def _at_once(module):
    """Return the calls in `with Part(...)` whose block waits for nothing: no other part comes or goes meanwhile."""
    blocks = [node for node in ast.walk(module) if isinstance(node, ast.With)]
    blocks = [block for block in blocks if not any(isinstance(node, ast.Await) for node in ast.walk(block))]
    return {item.context_expr for block in blocks for item in block.items}


def _parts(modules):
    """Yield (module, prefix or prefixes of what goes with it, module that loads it, is it for a moment) of every Part."""
    for name, module in modules.items():
        at_once = _at_once(module)
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Part":
                continue
            if isinstance(node.args[0], ast.Constant):  # else it is a table alone, by the name of its device
                only = ast.literal_eval(node.args[1]) if len(node.args) > 1 else ""
                yield node.args[0].value, only, name, node in at_once


def _kept(app):
    """Return what the names begin with of modules that stay once they have come, see _SHARED in app.py."""
    tuples = [n.value for n in app.body if isinstance(n, ast.Assign) and isinstance(n.value, ast.Tuple)]
    (names,) = [names for names in map(ast.literal_eval, tuples) if "utf8" in names]
    return names


@pytest.mark.parametrize("made", [_modules, _joined])
def test_no_part_takes_a_module_along_that_another_one_uses(made):
    """What a part brings goes with it: nothing that another part, or a module that came late and stays, uses too.

    A part that only another one loads comes after it and goes before it, so the two may share. In the files of a Pico W's
    slot as in the sources.
    """
    modules = made()
    base = _closure({"bridge.app", *(path.stem for path in BOARDS)}, modules)
    parts, kept = list(_parts(modules)), _kept(modules["bridge.app"])
    lasting = [(name, only) for name, only, _, is_moment in parts if not is_moment]
    goes = {
        name: {m for m in _closure([name], modules) - base if m.startswith(only) and not m.startswith(kept)}
        for name, only in lasting
    }
    inner = {
        (name, outer)
        for name in goes
        for outer in goes
        if {by for part, _, by, _ in parts if part == name} <= _closure([outer], modules) - base
    }
    assert len(goes) >= 8
    late = {
        name
        for module in modules.values()
        for name in set(build.imported(module)) - _tops(module) - {part for part, *_ in parts}
        if name in modules
    }
    users = {name: _closure([name], modules) - base for name in goes} | {"late": _closure(late, modules) - base}
    shared = [
        f"{', '.join(sorted(own & used))}: of {name}, used by {user}"
        for name, own in goes.items()
        for user, used in users.items()
        if user != name and own & used and not {(name, user), (user, name)} & inner
    ]
    assert shared == []


def test_a_part_imports_what_it_needs_at_its_top():
    """What it imported later would stay when it goes."""
    modules = _modules()
    base = _closure({"bridge.app", *(path.stem for path in BOARDS)}, modules)
    wrong = []
    parts = {name for name, *_ in _parts(modules)}
    for name in sorted(parts):
        for module in _closure([name], modules) - base:
            inner = set(build.imported(modules[module])) - _tops(modules[module])
            wrong += [f"{module} imports {late} late" for late in inner & set(modules) - parts]
    assert not wrong
