"""The numbers of the functions stand in one table, and what modules of the chip repeat of it is the same."""

import ast

from bridgectl import firmware

firmware.load()

from modbus.wire import functions  # noqa: E402

# Modbus Application Protocol V1.1b3, 6.1 to 6.21
NUMBERS = {
    "READ_COILS": 1,
    "READ_DISCRETE": 2,
    "READ_HOLDING": 3,
    "READ_INPUT": 4,
    "WRITE_COIL": 5,
    "WRITE_REGISTER": 6,
    "DIAGNOSE": 8,
    "WRITE_COILS": 15,
    "WRITE_REGISTERS": 16,
    "MASK_REGISTER": 22,
    "READ_WRITE": 23,
    "IDENTIFY": 43,
}


def test_the_table_is_that_of_the_specification():
    assert {name: value for name, value in vars(functions).items() if name.isupper()} == NUMBERS


def test_the_constants_of_the_modules_on_a_chip_are_those_of_the_table():
    found = list(_constants())
    assert [row for row in found if NUMBERS[row[1]] != row[2]] == []
    assert ("lib/modbus/master/job.py", "WRITE_REGISTERS", 16) in found


def test_no_module_on_a_chip_imports_the_table():
    wrong = [path for path in _modules() if "functions" in _imported(path)]
    assert wrong == []


def _modules():
    for top in ("lib", "firmware", "boards"):
        for path in sorted((firmware.ROOT / top).rglob("*.py")):
            if not path.stem.startswith("example"):
                yield path


def _constants():
    """Yield (file, name without underscore, value) of the constants that are named as a function."""
    for path in _modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id.lstrip("_")
                if name in NUMBERS and path.stem != "functions":
                    value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
                    yield path.relative_to(firmware.ROOT).as_posix(), name, ast.literal_eval(value)


def _imported(path):
    tree = ast.parse(path.read_text())
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "modbus.wire"]
    return {alias.name for node in froms for alias in node.names}
