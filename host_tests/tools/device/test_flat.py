"""Where the modules of the Pico W's slot lie, and that nothing but their names changes in what imports them."""

import ast

import pytest
from bridgectl.device import build, flat, spelling

_MODULES = ("lamp", "wire/rtu", "wire/crc", "tasks/run", "tasks/stay", "models/sdm")
_MOVED = {"wire.rtu": "B", "wire.crc": "C", "tasks.run": "D"}


def test_a_module_of_a_package_gets_a_word_with_which_no_other_one_begins():
    words = ["dht", "GP1", "GP10", "GP2", "la", "LAMPS", "LED"]
    assert flat.plan(_MODULES, ("tasks/stay", "models/sdm"), words) == {
        "tasks.run": "GP1",
        "wire.crc": "GP2",
        "wire.rtu": "LED",
    }
    with pytest.raises(ValueError, match="3 modules and 1 words"):
        flat.plan(_MODULES, ("tasks/stay", "models/sdm"), ["GP1", "GP10"])


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("from wire import rtu", "import B as rtu"),
        ("from wire import rtu, crc as sums", "import B as rtu; import C as sums"),
        ("from wire.rtu import frame, read as take", "from B import frame, read as take"),
        ("from tasks import run, stay", "import D as run; from tasks import stay"),
        ("import wire.rtu as module", "import B as module"),
        ("import lamp, json", "import lamp, json"),
        ("from wire import (\n    rtu,\n    crc,\n)\nx = 1", "import B as rtu; import C as crc\n\n\n\nx = 1"),
        ('x = Part("wire.rtu", "wire.")', 'x = Part("B", ("C", "B",))'),
        ('KEPT = ("lamp", "wire.", "tasks.run")', 'KEPT = ("lamp", "C", "B", "D")'),
        ('x = __import__("wire." + name)', 'x = __import__("wire." + name)'),
        ('x = "run", "wire", "tasks.run."', 'x = "run", "wire", "tasks.run."'),
    ],
)
def test_names_of_modules_are_turned_and_lines_stay(line, made):
    assert flat.turned(line + "\ny = 2\n", _MOVED) == made + "\ny = 2\n"


def test_an_import_that_binds_a_package_is_refused():
    with pytest.raises(ValueError, match=r"line 2: import wire\.rtu binds a package"):
        flat.turned("\nimport wire.rtu\n", _MOVED)


def test_only_the_pico_w_has_its_modules_at_the_root_and_those_that_others_import_stay():
    assert [board for board in build.BOARDS if build.moved(board)] == ["rp2040"]
    moved = build.moved("rp2040")
    _, words = spelling.rom()
    assert len(moved) > 100 and set(moved.values()) <= set(words)
    assert not {"bridge.app", "bridge.settings", "store.record", "slots.slots", "bridge.devices.sdm230"} & set(moved)
    for name, path in build.sources("rp2040", everything=True).items():
        text = flat.turned(path.read_text(), moved)
        left = {name for name in build.imported(ast.parse(text)) if name in moved}
        assert not left, (name, left)
