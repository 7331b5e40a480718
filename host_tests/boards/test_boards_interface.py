"""The boards compared by their source: same names, same arguments, as firmware/ARCHITECTURE.md lists them."""

import ast
import json
import re
from pathlib import Path

import pytest
from bridgectl import firmware

ROOT = firmware.ROOT
BOARDS = ("esp32", "rp2040", "host")
CHIPS = ("esp32", "rp2040")

BOARD = {
    "name": None,
    "led_count": None,
    "http_port": None,
    "dns_port": None,
    "data": None,
    "root": None,
    "inputs": (),
    "set_outputs": ("mask",),
    "show": ("rgb",),
    "modem_leds": ("mask",),
    "button": (),
    "rs485": ("port", "baud", "parity"),
    "wlan": (),
    "lan": (),
    "modem": (),
    "unique_id": (),
    "watchdog": ("ms",),
    "restart": (),
    "reset_cause": (),
}
LINE = {
    "tick_ms": None,
    "send": ("buffer", "count"),
    "begin": ("buffer", "count"),
    "sending": (),
    "any": (),
    "readinto": ("buffer", "count"),
    "on_idle": ("callback",),
    "transmit_off": (),
}
RADIO = {
    "scan": (),
    "join": ("ssid", "password"),
    "leave": (),
    "status": (),
    "address": (),
    "rssi": (),
    "hotspot_open": ("ssid", "password"),
    "hotspot_close": (),
    "hotspot_address": (),
    "hotspot_clients": (),
}


def _source(board, module):
    for path in (ROOT / "boards" / board / f"{module}.py", ROOT / "boards" / f"{module}.py"):
        if path.exists():
            return path
    raise AssertionError(f"board {board}: no module {module}")


def _imported(tree, name):
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and name in [a.name for a in node.names]:
            return node.module
    raise AssertionError(f"{name} is not imported")


def _class(board, module, name):
    """Return (tree of the module, class node, path)."""
    path = _source(board, module)
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return tree, node, path
    raise AssertionError(f"{path}: no class {name}")


def interface(board, module, name):
    """Return {public name: argument names, or None for an attribute} of a class with its bases."""
    tree, node, _path = _class(board, module, name)
    found = {}
    for base in node.bases:
        found.update(interface(board, _imported(tree, base.id), base.id))
    for child in node.body:
        if isinstance(child, ast.Assign):
            found.update({target.id: None for target in child.targets})
        elif isinstance(child, ast.FunctionDef):
            found[child.name] = tuple(a.arg for a in child.args.args[1:])
            if child.name == "__init__":
                found.update(_attributes(child))
    return {k: v for k, v in found.items() if not k.startswith("_")}


def _attributes(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.value.id == "self":
            yield node.attr, None


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_the_interface_and_nothing_beside_it(board):
    assert interface(board, "board", "Board") == BOARD


@pytest.mark.parametrize(("board", "module"), [("esp32", "rs485"), ("rp2040", "rs485"), ("host", "line")])
def test_every_line_has_the_same_interface(board, module):
    assert interface(board, module, "Line") == LINE
    assert interface("rp2040", "timed_line", "TimedLine") == LINE


@pytest.mark.parametrize("board", BOARDS)
def test_every_radio_has_the_same_interface(board):
    assert interface(board, "radio", "Radio") == RADIO


@pytest.mark.parametrize("board", BOARDS)
def test_the_board_says_its_name_and_has_leds_for_four_segments(board):
    values = {}
    for module, name in ((("carrier", "Carrier"),) if board in CHIPS else ()) + (("board", "Board"),):
        tree, node, _path = _class(board, module, name)
        constants = {t.id: n.value for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}
        for child in node.body:
            if isinstance(child, ast.Assign):
                value = child.value
                if isinstance(value, ast.Name):
                    value = constants[value.id].args[0]
                values[child.targets[0].id] = ast.literal_eval(value)
    assert values["name"] == board
    assert values["led_count"] % 4 == 0 and values["led_count"] > 0


@pytest.mark.parametrize("board", BOARDS)
def test_every_public_method_is_explained(board):
    shared = (("carrier", "Carrier"),) if board in CHIPS else ()
    for module, name in (("board", "Board"), ("radio", "Radio"), *shared):
        _tree, node, path = _class(board, module, name)
        for child in node.body:
            if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
                assert ast.get_docstring(child), f"{path}: {child.name}"


def test_the_architecture_page_lists_every_name_of_the_board():
    page = (ROOT / "firmware" / "ARCHITECTURE.md").read_text()
    section = page.split("### Board")[1].split("### ")[0]
    for name, arguments in BOARD.items():
        call = name if arguments is None else f"{name}({', '.join(arguments)})"
        assert f"`{call}`" in section, call
    for name in (*LINE, *RADIO):
        assert re.search(rf"`{name}[(`]", section), name


def test_only_boards_import_the_chip():
    chip = {"machine", "network", "neopixel", "esp32", "rp2"}
    for path in [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "lib").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not chip.intersection(names), path


# The MicroPython board definitions, as far as a machine without their tool chains can check them.


@pytest.mark.parametrize("board", CHIPS)
def test_the_board_definition_is_complete(board):
    folder = ROOT / "boards" / board
    about = json.loads((folder / "board.json").read_text())
    assert about["mcu"] == board
    assert {"deploy", "docs", "features", "images", "mcu", "product", "thumbnail", "url", "vendor"} <= set(about)
    assert "MICROPY_HW_BOARD_NAME" in (folder / "mpconfigboard.h").read_text()
    assert "${MICROPY_BOARD_DIR}/manifest.py" in (folder / "mpconfigboard.cmake").read_text()


@pytest.mark.parametrize("board", CHIPS)
def test_the_manifest_freezes_files_that_are_there_and_nothing_of_the_product(board):
    folder = ROOT / "boards" / board
    frozen = []

    def package(name, base_path):
        path = Path(base_path.replace("$(BOARD_DIR)", str(folder))) / name
        assert path.is_dir() and list(path.glob("*.py")), path
        frozen.append(name)

    def module(name, base_path):
        path = Path(base_path.replace("$(BOARD_DIR)", str(folder))) / name
        assert path.is_file(), path
        frozen.append(name)

    space = {"include": frozen.append, "require": lambda name: None}
    exec((folder / "manifest.py").read_text(), {**space, "package": package, "module": module})
    assert frozen[0] == "$(PORT_DIR)/boards/manifest.py"  # asyncio, neopixel, the port's own boot
    assert {"modbus", "mqtt", "captive", "store", "slots", "supervisor.py", "log.py", "clock.py"} <= set(frozen)
    assert "bridge" not in frozen


def test_the_esp32_partitions_fit_into_4_mib_without_overlap():
    rows = []
    for line in (ROOT / "boards" / "esp32" / "partitions-bridge.csv").read_text().splitlines():
        if line and not line.startswith("#"):
            name, kind, _sub, offset, size, _flags = (part.strip() for part in line.split(","))
            rows.append((int(offset, 16), int(size, 16), name, kind))
    end = 0x9000  # behind the partition table itself
    for offset, size, name, kind in rows:
        assert offset == end, name
        assert offset % (0x10000 if kind == "app" else 0x1000) == 0, name
        end = offset + size
    assert end == 4 << 20
    assert {row[2]: row[1] for row in rows}["vfs"] >= 900 * 1024


def test_the_esp32_configuration_has_a_tick_of_a_millisecond_and_its_own_partitions():
    folder = ROOT / "boards" / "esp32"
    assert "CONFIG_FREERTOS_HZ=1000" in (folder / "sdkconfig.board").read_text().splitlines()
    recipe = (folder / "mpconfigboard.cmake").read_text()
    for name in re.findall(r"\$\{MICROPY_BOARD_DIR\}/([\w.-]+)", recipe):
        assert (folder / name).is_file(), name
    assert "partitions-bridge.csv" in recipe and "sdkconfig.board" in recipe
