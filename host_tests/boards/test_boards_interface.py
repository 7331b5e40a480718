"""The boards compared by their source: same names, same arguments, as firmware/ARCHITECTURE.md lists them."""

import ast
import re

import pytest
from bridgectl import firmware

firmware.load()
import known  # noqa: E402 (importable only now)

ROOT = firmware.ROOT

BOARDS = known.NAMES
CHIPS = known.CHIPS

BOARD = {
    "name": None,
    "led_count": None,
    "http_port": None,
    "dns_port": None,
    "data": None,
    "root": None,
    "gc_threshold": None,
    "radio_text": None,
    "system_heap": (),
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
    "name_servers": (),
    "hotspot_open": ("ssid", "password"),
    "hotspot_close": (),
    "hotspot_address": (),
    "hotspot_clients": (),
}


def _source(board, module):
    for folder in (board, known.row(board)[1], ""):
        path = ROOT / "boards" / folder / f"{module}.py"
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


def _with_bases(board, module, name):
    """Return [(tree, class node, path), ...] of a class, its bases first."""
    tree, node, path = _class(board, module, name)
    found = []
    for base in node.bases:
        found += _with_bases(board, _imported(tree, base.id), base.id)
    return [*found, (tree, node, path)]


def _attributes(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.value.id == "self":
            yield node.attr, None


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_the_interface_and_nothing_beside_it(board):
    assert interface(board, "board", "Board") == BOARD


@pytest.mark.parametrize("board", BOARDS)
def test_every_line_has_the_same_interface(board):
    late = {} if board in CHIPS else {"late_ms": None}  # of a PC's adapter; a chip's own UART has nothing of it
    assert interface(board, "rs485" if board in CHIPS else "line", "Line") == {**LINE, **late}
    if known.row(board)[1] == "rp2":
        assert interface(board, "timed_line", "TimedLine") == LINE


@pytest.mark.parametrize("board", BOARDS)
def test_every_radio_has_the_same_interface(board):
    assert interface(board, "radio", "Radio") == RADIO


@pytest.mark.parametrize("board", BOARDS)
def test_the_board_says_its_name_and_has_leds_for_four_segments(board):
    values = {}
    for tree, node, _path in _with_bases(board, "board", "Board"):
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
    for _tree, node, path in [*_with_bases(board, "board", "Board"), *_with_bases(board, "radio", "Radio")]:
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
    first = {"boot.py", "main.py", "safe.py"}  # run without a board: they start the watchdog and reset the chip
    for path in [*(ROOT / "firmware").rglob("*.py"), *(ROOT / "lib").rglob("*.py")]:
        if path.parent.name == "firmware" and path.name in first:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not chip.intersection(names), path
