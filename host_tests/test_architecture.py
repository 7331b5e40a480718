"""The rules of firmware/ARCHITECTURE.md, checked on the sources."""

import ast
import re
from pathlib import Path

import pytest
from bridgectl import firmware
from imports import arrows, bridge_files, circle, imports, modules, state_fields, tree

ROOT = firmware.ROOT
FIRMWARE = sorted((ROOT / "firmware").rglob("*.py"))
LIBRARY = sorted((ROOT / "lib").rglob("*.py"))
BOARDS = sorted(p for p in (ROOT / "boards").rglob("*.py") if p.name != "manifest.py")
HARDWARE = {"machine", "network", "neopixel", "esp32", "rp2"}
IMPURE = HARDWARE | {"asyncio", "os", "time", "socket", "select"}
# What each room of bridge/ may import of the others.
MAY_IMPORT = {
    "app": {"tasks", "logic", "devices", "state", "settings", "points", "readings"},
    "tasks": {"tasks", "ports", "logic", "devices", "state", "settings", "points", "readings"},
    "ports": {"ports", "logic", "devices", "state", "settings", "points", "readings"},
    "logic": {"logic", "devices", "state", "settings", "points", "quantities", "grid_rows"},
    "devices": set(),
    "state": {"readings"},
    "settings": {"settings_table", "settings_check", "upgrades"},
    "upgrades": set(),
    "settings_table": set(),
    "settings_check": {"settings_table", "grid_rows", "load_rules", "text_forms"},
    "text_forms": set(),
    "grid_rows": set(),
    "load_rules": set(),
    "meanings": set(),
    "points": set(),
    "quantities": set(),
    "readings": {"points"},
}

# What each room of lib/modbus may import of the others.
MODBUS_MAY_IMPORT = {
    "wire": set(),
    "pace": {"wire"},
    "master": {"wire", "pace"},
    "server": {"wire"},
    "listen": {"wire"},
    "gateway": {"wire"},
    "find": {"wire", "listen"},
}


def _first_names(path):
    return {name.split(".")[0] for name in imports(path)}


def _room(path):
    parts = path.relative_to(ROOT / "firmware" / "bridge").with_suffix("").parts
    return parts[0]


def test_imports_point_down():
    wrong = []
    for path in bridge_files():
        allowed = MAY_IMPORT[_room(path)]
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "bridge" and len(parts) > 1 and parts[1] not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


@pytest.mark.parametrize(
    "roots",
    [
        ("lib", "firmware", "boards"),
        ("tools",),
        ("host_tests/rigs",),
        ("host_tests/rigs/unix", "host_tests/mocks"),
    ],
)
def test_no_module_imports_itself_by_a_detour(roots):
    assert circle(arrows(modules(*roots))) == []


def test_a_circle_would_be_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


def test_the_rooms_of_the_modbus_library_stand_on_each_other_in_one_order():
    wrong = []
    for path in (ROOT / "lib" / "modbus").rglob("*.py"):
        room = path.parent.name
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "modbus" and parts[1] not in MODBUS_MAY_IMPORT[room] | {room}:
                if not path.name.startswith("example"):
                    wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_logic_and_devices_touch_nothing_and_know_no_clock():
    wrong = []
    for path in bridge_files():
        if _room(path) in ("logic", "devices"):
            wrong += [f"{path.name} imports {n}" for n in _first_names(path) & IMPURE]
            source = path.read_text()
            wrong += [
                f"{path.name} reads the clock" for _ in re.findall(r"\bticks_(?:ms|us)\(|clock\.seconds\(", source)
            ]
    assert not wrong


def test_the_libraries_know_no_bridge_and_no_pins():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in LIBRARY
        for name in _first_names(path) & (HARDWARE | {"bridge", "board"})
    ]
    assert not wrong


def test_only_boards_import_hardware():
    # These run before there is a board, or where there is none: they start the watchdog, reset the chip, open the hotspot.
    first = {"boot.py": {"machine"}, "main.py": {"machine"}, "safe.py": {"machine", "network"}}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in FIRMWARE
        for name in _first_names(path) & (HARDWARE - first.get(path.name, set()))
    ]
    assert not wrong


def test_each_field_of_the_state_has_one_writer():
    fields = state_fields()
    assert len(fields) > 30
    wrong = []
    for path in bridge_files():
        if path.name == "state.py":
            continue
        for node in ast.walk(tree(path)):
            targets = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
                targets = [node.target]
            for target in [t for top in targets for t in ast.walk(top)]:
                if not isinstance(target, ast.Attribute) or not isinstance(target.ctx, ast.Store):
                    continue
                owner = target.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if name in ("state", "_state"):
                    if target.attr not in fields:
                        wrong.append(f"{path.name} writes state.{target.attr}, which is not declared")
                    elif fields[target.attr] != path.stem:
                        wrong.append(f"{path.name} writes state.{target.attr} of {fields[target.attr]}")
    assert not wrong


def test_every_used_field_and_setting_is_declared():
    firmware.load()
    from bridge import settings_table
    from bridge.settings import Settings

    fields = set(state_fields())
    names = (
        {row[0] for row in settings_table.rows()}
        | {n for n in dir(Settings) if not n.startswith("__")}
        | {"version", "ignored", "damaged"}
    )
    wrong = []
    for path in bridge_files():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Attribute):
                continue
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name in ("settings", "_settings") and path.name != "settings.py" and node.attr not in names:
                if not _is_module_import(path, "settings"):
                    wrong.append(f"{path.name} uses settings.{node.attr}")
            if name in ("state", "_state") and node.attr not in fields and not _is_module_import(path, "state"):
                wrong.append(f"{path.name} uses state.{node.attr}")
    assert not wrong


def _is_module_import(path, name):
    return any(i.split(".")[-1] == name for i in imports(path))


def test_no_setting_is_declared_twice():
    firmware.load()
    from bridge import points, settings_table

    for ids in ([row[0] for row in settings_table.rows()], [row[0] for row in points.rows()], [*points.facts()]):
        assert len(ids) == len(set(ids))


def test_a_constant_stands_alone_so_that_the_compiler_folds_it():
    """The builder leaves the import of `const` out: a call that stays a call would find nothing."""
    wrong = []
    for path in (p for top in ("firmware", "lib", "boards") for p in (ROOT / top).rglob("*.py")):
        module = ast.parse(path.read_text())
        alone = {
            id(node.value)
            for node in ast.walk(module)
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        }
        calls = [n for n in ast.walk(module) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "const"]
        wrong += [f"{path.relative_to(ROOT)}:{call.lineno}" for call in calls if id(call) not in alone]
    assert wrong == []


def test_nothing_happens_at_import():
    """Modules hold definitions and constants; main.py and boot.py, which are programs, are the exception."""
    wrong = []
    allowed = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)
    harmless = {"const", "_Extended", "tuple", "bytes", "frozenset", "dict", "namedtuple", "bytearray"}
    for path in [*bridge_files(), *LIBRARY, *BOARDS]:
        if path.name.startswith("example"):
            continue
        for node in tree(path).body:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not docstring and not isinstance(node, allowed):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} {type(node).__name__}")
            if isinstance(node, ast.Assign):
                for call in ast.walk(node.value):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") not in harmless:
                        wrong.append(f"{path.relative_to(ROOT)}:{node.lineno} calls at import")
    assert not wrong


def test_only_the_supervisor_catches_everything():
    wrong = []
    for path in [*FIRMWARE, *LIBRARY, *BOARDS]:
        if path.name == "supervisor.py":
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler):
                kind = getattr(node.type, "id", None)
                if node.type is None or kind in ("Exception", "BaseException"):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not wrong


def test_only_the_supervisor_and_servers_create_tasks():
    found = {p.name for p in [*FIRMWARE, *LIBRARY, *BOARDS] if re.search(r"\bcreate_task\(", p.read_text())}
    assert found <= {"supervisor.py", "listener.py"}


def test_no_file_is_over_300_lines():
    files = [p for top in ("firmware", "lib", "boards", "tools", "host_tests") for p in (ROOT / top).rglob("*.py")]
    assert [str(p.relative_to(ROOT)) for p in files if len(p.read_text().splitlines()) > 300] == []


def test_no_banned_file_names():
    banned = {"utils", "helpers", "common", "misc", "manager", "handler", "data", "info"}
    files = [p for top in ("firmware", "lib", "boards", "tools") for p in (ROOT / top).rglob("*.py")]
    assert [str(p) for p in files if Path(p).stem in banned] == []
