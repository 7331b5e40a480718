"""The Pico W's modules in few files: which come together, and that a program of them does what it did."""

import pytest
from bridgectl.device import build, groups, joined, spelling
from bridgectl.device.sources import Module
from small_program import run

# A program with what bites: names that meet across modules, a global that changes, a name shadowed in a function, a class
# that inherits, comprehensions, a late import, a part, and a module that is passed on.
_MODULES = {
    "app": """
from parts import Part
from wire import rtu
from wire.crc import crc
from logic import limits as met
import state
from devices import sdm
TEXTS = ("wire.rtu", "logic.")
def main():
    print(rtu.frame(3), crc(b"12"), met.strictest([5, 2, 9]), rtu.SIZE, met.count())
    state.raise_by(2)
    print(state.level, state.shown())
    print(TEXTS)
    with Part("tasks.portal") as portal:
        print(portal.run(), portal.SIZE)
    from tasks.late import Late
    print(Late().name(), sdm.__name__, given(sdm))
def given(module):
    return module.MODEL
""",
    "parts": """
import sys
class Part:
    def __init__(self, name):
        self._name = name
    def __enter__(self):
        __import__(self._name)
        return sys.modules[self._name]
    def __exit__(self, *_):
        del sys.modules[self._name]
""",
    "state": """
level = 1
_step = 10
def raise_by(steps):
    global level
    level += steps * _step
def shown():
    return "level %d" % level
""",
    "wire/rtu": """
from micropython import const
from wire.crc import crc as check
_START = const(7)
SIZE = const(256)
def frame(size):
    crc = size + _START
    return crc, [check(bytes([n])) for n in range(size)], min(_START, size)
""",
    "wire/crc": """
from micropython import const
_START = const(9)
def crc(octets):
    size = 0
    for octet in octets:
        size += octet
    return size + _START
""",
    "logic/limits": """
import state
_calls = [0]
def min(values):
    return sorted(values)[0]
def strictest(values):
    _calls[0] += 1
    frame = min(values)
    return frame
def count():
    return _calls[0], state.level
class Base:
    kind = "base"
    def name(self):
        return "%s of %s" % (self.kind, type(self).__name__)
""",
    "tasks/portal": """
from tasks import pages
from wire import rtu
SIZE = 12
def run():
    return pages.text(rtu.SIZE)
""",
    "tasks/pages": """
SIZE = 99
def run(n):
    return {n: word for n, word in enumerate("ab")}, n
def text(size):
    return run(size), SIZE
""",
    "tasks/late": """
from logic.limits import Base
class Late(Base):
    kind = "late"
""",
    "devices/sdm": "MODEL = 'SDM'\n",
}
_WORDS = ["GP1", "GP10", "GP2", "LED", "UART", "ADC", "PWM", "dht", "SPI", "I2C", "TX", "RX"]


def _slot():
    planned = groups.plan(_MODULES, ("app",), ("app",))
    return joined.Slot(_MODULES, planned, joined.places(planned, ("app",), _WORDS), _WORDS)


def test_a_program_that_is_joined_does_what_it_did_under_the_interpreter(tmp_path):
    plain, made = run(tmp_path / "plain", _MODULES), run(tmp_path / "joined", _slot().files)
    assert plain == [
        "(10, [9, 10, 11], 3) 108 2 256 (1, 1)",
        "21 level 21",
        "('wire.rtu', 'logic.')",
        "(({0: 'a', 1: 'b'}, 256), 99) 12",
        "late of Late devices.sdm SDM",
    ]
    place = _slot().place
    assert made[2] == f"('{place['wire/rtu']}', 'logic.')"  # what is below it does not lie by itself
    assert made[4] == f"late of Late {place['devices/sdm']} SDM"
    assert [made[n] for n in (0, 1, 3)] == [plain[n] for n in (0, 1, 3)]


def test_a_tuple_of_modules_names_those_at_the_root_too_and_a_tuple_of_words_none(tmp_path):
    texts = {
        "app": "import wire.rtu as rtu\nimport utf8\nKEPT = ('wire.rtu', 'utf8')\nWORDS = ('utf8', 'rtu')\n",
        "utf8": "SIZE = 1\n",
        "wire/rtu": "SIZE = 2\n",
    }
    planned = groups.plan(texts, ("app",), ("app",))
    slot = joined.Slot(texts, planned, joined.places(planned, ("app",), _WORDS), _WORDS)
    at = slot.place["utf8"]
    assert at == slot.place["wire/rtu"] != "utf8"
    assert run(tmp_path, slot.files, "import app; print(app.KEPT, app.WORDS)") == [f"('{at}', '{at}') ('utf8', 'rtu')"]


def test_a_source_outside_the_slot_finds_what_lies_in_it(tmp_path):
    text = (
        "from parts import Part\ndef main():\n    import wire.rtu as module\n    print(module.frame(0))\nmain(), Part\n"
    )
    made = _slot().turned(text)
    assert "frame" not in made  # limits has a frame too
    assert run(tmp_path, _slot().files, made) == ["(7, [], 0)"]


def test_modules_that_the_same_entries_bring_lie_together():
    found = {frozenset(group): head for head, group in groups.plan(_MODULES, ("app",), ("app",))}
    assert found == {
        frozenset({"app"}): "app",
        frozenset({"parts", "state", "wire/crc", "wire/rtu", "logic/limits"}): None,  # always there
        frozenset({"tasks/pages", "tasks/portal"}): "tasks/portal",  # comes with the part and is found under its name
        frozenset({"tasks/late"}): "tasks/late",
        frozenset({"devices/sdm"}): "devices/sdm",  # passed on, so it is a thing by itself
    }
    for _, group in groups.plan(_MODULES, ("app",), ("app",)):
        for name in group:
            needed = Module(name, _MODULES[name], _MODULES).modules.values()
            assert all(group.index(other) < group.index(name) for other in needed if other in group)


def test_a_module_gets_a_word_with_which_no_other_one_begins():
    planned = [("la", ["la"]), (None, ["wire/rtu", "wire/crc"]), ("tasks/run", ["tasks/run"]), ("m/sdm", ["m/sdm"])]
    words = ["dht", "GP1", "GP10", "GP2", "la", "LAMPS", "LED"]
    assert joined.places(planned, ("m/sdm",), words) == {
        "la": "la",
        "wire/rtu": "GP1",
        "wire/crc": "GP1",
        "tasks/run": "GP2",
        "m/sdm": "m/sdm",
    }


def test_a_name_of_a_part_that_hides_a_builtin_of_its_file_is_refused():
    texts = {
        "app": 'Part("tasks.run")',
        "tasks/run": "from tasks import more\ndef len(x):\n    return 5\n",
        "tasks/more": "def size(x):\n    return len(x)\n",
    }
    planned = groups.plan(texts, ("app",), ("app",))
    with pytest.raises(ValueError, match="tasks/run: len stays and hides what another module means by it"):
        joined.Slot(texts, planned, joined.places(planned, ("app",), _WORDS), _WORDS)


def test_an_import_that_binds_a_package_is_refused():
    with pytest.raises(ValueError, match=r"lamp: import wire\.rtu binds a package"):
        Module("lamp", "import wire.rtu\n", {"wire/rtu"})


def test_only_the_pico_w_has_its_modules_joined_and_nothing_in_a_file_is_left_without_a_meaning():
    assert spelling.BOARDS == ("rp2040",)
    slot = build.joined_slot("rp2040")
    assert max(map(len, slot.groups.values())) > 20 and len(slot.files) < 110
    assert {"board", "bridge/app", "bridge/settings", "store/record", "slots/slots"} <= set(slot.files)
    first = {at: text.partition("if not __name__")[2].partition("\n")[0] for at, text in slot.files.items()}
    known = set(dir(__builtins__)) | set(__builtins__ if isinstance(__builtins__, dict) else ())
    for at, text in slot.files.items():
        left = Module(at, text.replace("if not __name__" + first[at], "", 1), ()).unbound - known
        assert not left, (at, left)
