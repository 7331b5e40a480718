"""What comes and goes takes nothing along that somebody else uses, checked on the sources."""

import ast
import functools

from bridgectl import firmware
from bridgectl.device import build
from imports import tree

ROOT = firmware.ROOT
BOARDS = sorted(p for p in (ROOT / "boards").rglob("*.py") if p.name != "manifest.py")


def _modules():
    """Return {dotted name: file} of lib/, bridge/ and the boards."""
    found = {}
    for top, folder in ((ROOT / "lib", ROOT / "lib"), (ROOT / "firmware", ROOT / "firmware" / "bridge")):
        found |= {".".join(path.relative_to(top).with_suffix("").parts): path for path in folder.rglob("*.py")}
    return found | {path.stem: path for path in BOARDS}


@functools.cache
def _tops(path):
    """Return the dotted names that a file imports when it is imported itself."""
    tops = ast.Module([n for n in tree(path).body if isinstance(n, (ast.Import, ast.ImportFrom))], [])
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


def _parts():
    """Yield (module, prefix of what goes with it, module that loads it, is it for a moment) of every Part there is."""
    for name, path in _modules().items():
        module = tree(path)
        at_once = _at_once(module)
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Part" or path.name == "parts.py":
                continue
            if isinstance(node.args[0], ast.Constant):  # else it is a table alone, by the name of its device
                only = node.args[1].value if len(node.args) > 1 else ""
                yield node.args[0].value, only, name, node in at_once


def _kept():
    """Return what the names begin with of modules that stay once they have come, see app.py."""
    app = tree(ROOT / "firmware" / "bridge" / "app.py")
    (names,) = [n.value for n in app.body if isinstance(n, ast.Assign) and n.targets[0].id == "_SHARED"]
    return ast.literal_eval(names)


def _goes(name, only):
    return name.startswith(only) and not name.startswith(_kept())


def test_no_part_takes_a_module_along_that_another_one_uses():
    """What a part brings goes with it: nothing that another part, or a module that came late and stays, uses too.

    A part that only another one loads comes after it and goes before it, so the two may share.
    """
    modules = _modules()
    base = _closure({"bridge.app", *(path.stem for path in BOARDS)}, modules)
    parts = list(_parts())
    lasting = [(name, only) for name, only, _, is_moment in parts if not is_moment]
    goes = {name: {m for m in _closure([name], modules) - base if _goes(m, only)} for name, only in lasting}
    inner = {
        (name, outer)
        for name in goes
        for outer in goes
        if {by for part, _, by, _ in parts if part == name} <= _closure([outer], modules) - base
    }
    assert len(goes) >= 8
    late = {
        name
        for path in modules.values()
        for name in set(build.imported(tree(path))) - _tops(path) - {part for part, *_ in parts}
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
    parts = {name for name, *_ in _parts()}
    for name in sorted(parts):
        for module in _closure([name], modules) - base:
            inner = set(build.imported(tree(modules[module]))) - _tops(modules[module])
            wrong += [f"{module} imports {late} late" for late in inner & set(modules) - parts]
    assert not wrong
