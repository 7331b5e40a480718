"""What the builder spells anew, what it leaves alone, and that nothing else changes."""

import json
import keyword
import struct
import subprocess

import pytest
from bridgectl.device import beside, build, spelling
from bridgectl.emulator import download
from patience import HANG_S

_FLASH, _FLASH_BYTES = 0x10000000, 2 << 20

# Prints what a program of the unix port can reach by name: builtins, and members of its types and their instances.
_REACHABLE = """
import sys, builtins, asyncio
for name in sys.argv[1].split():
    try:
        module = __import__(name)
    except ImportError:
        continue
    for value in [getattr(module, n) for n in dir(module)]:
        if isinstance(value, type):
            print(*dir(value))
for value in {}, {}.keys(), (i for i in []), sys.stdin, b"", asyncio.Event():
    print(*dir(value))
print(*dir(builtins))
"""
_MODULES = (
    "array asyncio binascii collections deflate errno gc hashlib heapq io json math os random re select socket sys time"
)


def _image():
    content, flash = download.micropython_uf2().read_bytes(), bytearray(_FLASH_BYTES)
    for start in range(0, len(content), 512):
        address, size = struct.unpack_from("<II", content, start + 12)
        if 0 <= address - _FLASH < _FLASH_BYTES:
            flash[address - _FLASH : address - _FLASH + size] = content[start + 32 : start + 32 + size]
    return bytes(flash)


def _pool(flash, at):
    """Return the words of the qstr pool at this place (previous, sum, room, count, hashes, lengths, texts), or []."""
    _, _, _, count, hashes, lengths = struct.unpack_from("<6I", flash, at)
    places = [hashes - _FLASH, lengths - _FLASH]
    if not 100 < count < 5000 or not all(0 < place < _FLASH_BYTES for place in places):
        return []
    found = []
    for number in range(count):
        start = struct.unpack_from("<I", flash, at + 24 + 4 * number)[0] - _FLASH
        end = start + flash[lengths - _FLASH + number]
        if not 0 < start < end + 1 < _FLASH_BYTES or flash[end]:
            return []
        found.append(flash[start:end].decode("latin-1"))
    return found


def test_the_list_of_words_is_that_of_the_image():
    """All identifiers of the tables in its ROM, so nothing that the image looks for is ever spelled anew."""
    flash = _image()
    image = {word for at in range(0, len(flash) - 24, 4) for word in _pool(flash, at)}
    known, free = spelling.rom()
    assert len(free) > 900
    assert known == {word for word in image if word.isascii() and word.isidentifier() and not keyword.iskeyword(word)}


def test_a_new_spelling_is_no_builtin_and_no_member_of_a_type():
    _, free = spelling.rom()
    command = [build.micropython(), "-c", _REACHABLE, _MODULES]
    reachable = set(subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=True).stdout.split())
    assert {"append", "readinto", "print", "send"} <= reachable
    assert [word for word in free if word in reachable and word != word.upper()] == []
    assert [word for word in free if word.startswith("_")] == []


_ONE = '''
import machine
from micropython import const
from two import Meter

_GAP_MS = const(5)
class Trouble(Exception):
    """Its gain is none."""

class Reader:
    def __init__(self, sensor, settle_ms=3):
        self._sensor, self._settled = sensor, settle_ms
        sensor.lent = machine.special(limit=_GAP_MS)
        self.write = self.gain

    def gain(self, limit):
        setattr(self, "colour", limit)
        return self.colour, getattr(settings, limit + "_unit"), self.special, settings.meter_unit

Reader(Meter(), settle_ms=4).gain(1)
'''
_TWO = """
class Meter:
    lent = 0

    def _private(self, sensor):
        self.special = self._settled = sensor
        self.colour = self.meter_unit = self.gain = self.outside = 0
"""
_SETTINGS = '''
TABLE = """
meter_unit|int|How often the gain is read
"""
'''


@pytest.fixture(scope="module")
def made():
    return spelling.plan(
        {"one": _ONE, "two": _TWO, "bridge/settings_table": _SETTINGS}, spared=["import one\none.outside"]
    )


def test_a_word_of_ours_gets_a_word_of_the_image_everywhere_alike(made):
    _, free = spelling.rom()
    assert made["one"]["gain"] == made["two"]["gain"] != made["one"]["settle_ms"]
    assert set(made["one"].values()) | set(made["two"].values()) <= set(free)
    assert {"gain", "settle_ms", "_sensor", "_settled", "sensor", "lent"} <= set(made["one"]) | set(made["two"])


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("colour", "is set by its text"),
        ("meter_unit", "stands in the table of the settings"),
        ("write", "is looked for by the image"),
        ("_GAP_MS", "takes no memory, thanks to its underscore"),
        ("Trouble", "is an exception that a log shows"),
        ("outside", "is used by a file that does not travel in the slot"),
        ("__init__", "is Python's own"),
    ],
)
def test_a_word_that_others_may_see_keeps_its_name(made, word, why):
    assert word not in made["one"] and word not in made["two"], why


def test_a_module_that_makes_names_of_other_things_is_refused():
    """Such a name would be looked for as the source has it, and would not be there."""
    with pytest.raises(ValueError, match="two makes names of state"):
        spelling.plan({"two": "def shown(state, name):\n    return getattr(state, name)\n"})


def test_modules_that_share_no_word_share_the_spellings_unless_a_class_inherits_or_a_word_is_lent():
    base = "class Base:\n    def __init__(self, other):\n        self._first = 1\n        other.lent_word = 2\n"
    alone = "class Alone:\n    def __init__(self):\n        self._second = 1\n"
    child = "from base import Base\nclass Child(Base):\n    def __init__(self):\n        self._third = 1\n"
    made = spelling.plan({"base": base, "alone": alone, "child": child})
    assert made["base"]["_first"] != made["child"]["_third"]
    assert made["alone"]["_second"] in (made["base"]["_first"], made["child"]["_third"])
    assert made["base"]["lent_word"] not in (made["alone"]["_second"], made["child"]["_third"])


def test_only_names_change(tmp_path):
    """A program whose words are spelled anew does what it did, under the interpreter itself."""
    source = "class Thing:\n    def weigh(self, grams):\n        self.heavy = grams > 9\n        return self.heavy\n"
    source += 'print(Thing().weigh(grams=10), "weigh and heavy")  # of a Thing\n'
    made = spelling.respelled(source, {"weigh": "GP7", "heavy": "a_word", "grams": "x", "Thing": "T"})
    assert made == (
        "class T:\n    def GP7(self, x):\n        self.a_word = x > 9\n        return self.a_word\n"
        'print(T().GP7(x=10), "weigh and heavy")  # of a Thing\n'
    )
    command = [build.micropython(), "-c", made]
    assert subprocess.run(command, capture_output=True, timeout=HANG_S, check=True).stdout == b"True weigh and heavy\n"
    assert spelling.respelled(source, {}) == source


def test_no_new_spelling_meets_a_word_of_our_sources():
    """In each module two words stay two, and what is kept is not hit; only the Pico W's slot is made so."""
    made = build.names("rp2040")
    assert sum(len(table) for table in made.values()) > 3000
    for module, path in build.sources("rp2040", everything=True).items():
        table, words = made.get(module, {}), spelling._Words(path.read_text())
        assert len(set(table.values())) == len(table), module
        assert not (words.used | words.kept) & set(table.values()), module
    assert [board for board in build.BOARDS if build.names(board)] == ["rp2040"]


def test_what_the_version_module_holds_keeps_its_name_whoever_defines_it_too():
    app = "import version\nBOARD = NUMBER = version.VERSION + version.BOARD\n"
    assert set(spelling.plan({"app": app}, build._spared())["app"]) == {"NUMBER"}


def test_a_traceback_gets_its_names_back(tmp_path, monkeypatch):
    monkeypatch.setattr(spelling, "place", lambda board: tmp_path / board)
    files = {
        "LED": {
            "modules": {
                "bridge/ports/plant": {"GP7": "_poll", "GP8": "_take"},
                "bridge/ports/port": {"GP7": "_poll", "GP8": "_keep", "_run": "_run"},
                "log": {"GP9": "_say"},
            },
            "words": {"GP7": ["_poll"], "GP8": ["_keep", "_take"]},
        },
        "log": {"modules": {"log": {"GP7": "_keep"}}, "words": {"GP7": ["_keep"]}},
    }
    (tmp_path / "rp2040").write_text(json.dumps(files))
    own_words = spelling.Translator("rp2040")
    lines = [
        '  File "LED", in GP7',
        "AttributeError: 'Plant' object has no attribute 'GP7'",
        '  File "LED", in GP8',
        '  File "LED", line 1, in _run',
        '  File "LED", line 1, in <module>',
        'File "log", in GP7',
        'File "main.py", in GP7',
    ]
    assert [own_words(line) for line in lines] == [
        '  File "bridge.ports.plant or bridge.ports.port", in _poll',
        "AttributeError: 'Plant' object has no attribute '_poll'",
        '  File "bridge.ports.plant or bridge.ports.port", in _take or _keep',
        '  File "bridge.ports.port", line 1, in _run',
        '  File "bridge.ports.plant or bridge.ports.port or log", line 1, in <module>',
        'File "log", in _keep',
        'File "main.py", in GP7',
    ]
    assert spelling.Translator("esp32")(lines[0]) == lines[0]


def test_a_function_of_a_joined_file_is_found_by_its_spelling():
    build.build("rp2040", quiet=True)
    told = json.loads(spelling.place("rp2040").read_text())
    at = build.joined_slot("rp2040").place["bridge/readings"]
    new = build.names("rp2040")["bridge/readings"]["disputed"]
    assert "disputed" in told[at]["words"][new]
    line = spelling.Translator("rp2040")(f'  File "{at}", in {new}')
    assert "bridge.readings" in line and "disputed" in line
    assert (build.BUILD / "rp2040" / f"{at}.mpy").exists()


def test_a_function_that_only_the_joining_renamed_is_found_too():
    """Its word is one of the image, so it has no spelling, but another module of the file has it too."""
    build.build("rp2040", quiet=True)
    slot = build.joined_slot("rp2040")
    at, new = slot.place["bridge/tasks/field_io"], slot.new("bridge/tasks/field_io", "run")
    assert new != "run" and slot.place["bridge/tasks/control"] == at
    line = spelling.Translator("rp2040")(f'  File "{at}", line 1, in {new}')
    assert line == '  File "bridge.tasks.field_io", line 1, in run'


def test_the_files_beside_the_slots_lose_their_own_words_and_keep_those_of_the_slot():
    folder = beside.folder("rp2040")
    least = {"boot.py": 40, "main.py": 2, "slot_file.py": 10, "safe.py": 10, "safe_install.py": 30}
    for name in build.BESIDE:
        plain, made = (build.ROOT / "firmware" / name).read_text(), (folder / name).read_text()
        gone = spelling._Words(plain).used - spelling._Words(made).used
        assert len(plain.splitlines()) == len(made.splitlines())
        assert not gone & {"Board", "restart", "run", "app", "board", "bridge"}
        assert len(gone) >= least[name], (name, sorted(gone))
    assert (
        "app.run(" in (folder / "main.py").read_text() and 'hasattr(vfs, "VfsRom")' in (folder / "boot.py").read_text()
    )
    for name in build.BESIDE:
        assert (beside.folder("esp32") / name).read_text() == (build.ROOT / "firmware" / name).read_text()
