"""What the builder spells anew, what it leaves alone, and that nothing else changes."""

import json
import keyword
import struct
import subprocess

import pytest
from bridgectl.device import build, names
from bridgectl.emulator import download

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
    known, free = names.rom()
    assert len(free) > 900
    assert known == {word for word in image if word.isascii() and word.isidentifier() and not keyword.iskeyword(word)}


def test_a_new_spelling_is_no_builtin_and_no_member_of_a_type():
    _, free = names.rom()
    command = [build.micropython(), "-c", _REACHABLE, _MODULES]
    reachable = set(subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split())
    assert {"append", "readinto", "print", "send"} <= reachable
    assert [word for word in free if word in reachable and word != word.upper()] == []
    assert [word for word in free if word.startswith("_")] == []


_ONE = '''
import machine
from micropython import const
from two import Meter

_GAP_MS = const(5)
TABLE = """
meter_unit|int|How often the sensor is read
"""

class Trouble(Exception):
    """Its gain is none."""

class Reader:
    def __init__(self, sensor, settle_ms=3):
        self._sensor, self._settled = sensor, settle_ms
        sensor.lent = machine.special(limit=_GAP_MS)
        self.write = self.gain

    def gain(self, limit):
        setattr(self, "colour", limit)
        return self.colour, getattr(self, limit + "_handlers"), self.late_handlers, self.meter_unit, self.special

Reader(Meter(), settle_ms=4).gain(1)
'''
_TWO = """
class Meter:
    lent = 0

    def _private(self, sensor):
        self.special = self._settled = self.late_handlers = sensor
        self.colour = self.meter_unit = self.gain = self.outside = 0
"""


@pytest.fixture(scope="module")
def made():
    return names.plan([("one", _ONE), ("two", _TWO)], spared=["import one\none.outside"])


def test_a_word_of_ours_gets_a_word_of_the_image_everywhere_alike(made):
    known, free = names.rom()
    assert made["one"]["gain"] == made["two"]["gain"] != made["one"]["settle_ms"]
    assert set(made["one"].values()) | set(made["two"].values()) <= set(free)
    assert {"gain", "settle_ms", "_sensor", "_settled", "sensor", "Meter", "lent"} <= set(made["one"]) | set(
        made["two"]
    )


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("colour", "is set by its text"),
        ("late_handlers", "ends as a text tells"),
        ("meter_unit", "stands in a table"),
        ("write", "is looked for by the image"),
        ("special", "belongs to a module of the image too"),
        ("_GAP_MS", "takes no memory, thanks to its underscore"),
        ("Trouble", "is an exception that a log shows"),
        ("outside", "is used by a file that does not travel in the slot"),
        ("__init__", "is Python's own"),
    ],
)
def test_a_word_that_others_may_see_keeps_its_name(made, word, why):
    assert word not in made["one"] and word not in made["two"], why


def test_only_words_change(made):
    """Not the tuples, which MicroPython makes of `a, b = (c, d)` and not of `a, b = c, d`."""
    text = names.renamed(_ONE, made["one"])
    table = {new: word for word, new in made["one"].items()}
    assert names.renamed(text, table) == _ONE
    assert " = sensor, settle_ms" not in text and '"colour"' in text and "Its gain is none." in text


def test_no_new_spelling_meets_a_word_of_our_sources():
    """In each module of each board two words stay two, and what is kept is not hit."""
    for everything in (False, True):
        made = build.spellings(everything)
        spelled = {}
        for module, table in made.items():
            assert len(set(table.values())) == len(table), module
            for word, new in table.items():
                assert spelled.setdefault(word, new) == new, module
        for board in build.BOARDS:
            for module, path in build.sources(board, everything=True).items():
                words = names.Words(path.read_text(), ())
                assert not (words.used | words.texts) & set(made.get(module, {}).values()), module


def test_a_traceback_gets_its_names_back(made):
    new = made["two"]
    log = [
        f'  File "two", line 1, in {new["_private"]}',
        f"AttributeError: 'X' object has no attribute '{new['gain']}'",
    ]
    first, module = names.translated(log[0], made)
    assert first == '  File "two", line 1, in _private'
    assert names.translated(log[1], made, module)[0] == "AttributeError: 'X' object has no attribute 'gain'"


def test_the_words_table_lies_beside_the_slot_and_lines_come_without_one(monkeypatch, tmp_path):
    slot = build.build("rp2040", quiet=True)
    table = json.loads((slot.parent / "rp2040.names.json").read_text())
    assert len(table["bridge/readings"]) > 10
    monkeypatch.setattr(build, "_LINES", True)
    made = build._spelled("rp2040", tmp_path / "rp2040", False)
    assert made["clock"].read_text() == (build.ROOT / "lib" / "clock.py").read_text()
