"""The emulated chip's heap, read from outside, against what the guest knows of it itself."""

import re
import struct

import pytest
from bridgectl.emulator import heap, heap_map, repl
from bridgectl.emulator.chip import Chip
from rp2040py.memory_map import RAM_START_ADDRESS

_STACK = 0x20040000  # two banks of 4 kB that the image uses for it

_PROGRAM = b"""
import gc, uctypes
def nothing():
    pass
class Hundred:
    def __init__(self):
        self.text = bytes(5000)
        self.table = {number: None for number in range(100)}
        self.row = tuple(range(300))
        self.buffer = bytearray(2000)
kept = Hundred()
bytes(3000)
gc.collect()
print("free", gc.mem_free())
print("lost", uctypes.addressof(bytearray(3008)))
"""


@pytest.fixture(scope="module")
def looks():
    """The heap of a machine that has run _PROGRAM and nothing else, its areas, what the guest printed, its RAM."""
    chip = Chip()
    types = heap_map.types_of()
    text = repl.run(chip, _PROGRAM)
    after = heap.Heap(chip.mcu.sram, chip.mcu.core.sp)
    return after, heap_map.areas(after, types), text, bytes(chip.mcu.sram)


def test_the_free_bytes_are_those_that_the_guest_s_own_collector_finds(looks):
    after, areas, text, _ = looks
    free = int(re.search(r"free (\d+)", text)[1])
    assert abs(after.free_bytes - free) < 1024
    assert sum(areas.values()) == sum(after.heads.values())
    assert 150_000 < after.largest_bytes < after.free_bytes


@pytest.mark.parametrize(
    ("area", "least", "most"),
    [
        ("texts", 5008, 5200),
        ("modules_and_dicts", 800, 3000),  # 100 entries of 8 bytes, more room than that
        ("tuples", 1208, 1400),
        ("objects_and_buffers", 2048, 6000),  # the prompt's own too
        ("classes", 64, 1000),
        ("functions", 32, 1000),
        ("bytecode", 16, 400),
        ("names", 100, 700),
    ],
)
def test_what_a_program_made_is_found_in_its_area(looks, area, least, most):
    assert least <= looks[1][area] <= most


def test_what_calls_that_have_returned_left_below_the_stack_keeps_nothing(looks):
    """A buffer that nobody holds, but for a word in the bank of the stack: kept where that is in the stack in use."""
    lost = int(re.search(r"lost (\d+)", looks[2])[1])
    ram = bytearray(looks[3])
    ram[_STACK - RAM_START_ADDRESS :] = bytes(len(ram) - (_STACK - RAM_START_ADDRESS))
    word = _STACK + 4096
    struct.pack_into("<I", ram, word - RAM_START_ADDRESS, lost)
    assert lost not in heap.Heap(ram, word + 4).heads
    assert heap.Heap(ram, word).heads[lost] == 3008
    assert heap.Heap(ram).heads[lost] == 3008


def test_ram_without_a_heap_is_refused():
    with pytest.raises(heap.HeapError, match="0 heaps"):
        heap.Heap(bytes(4096))


def test_code_is_told_apart_by_the_place_where_it_lies(looks):
    """What the image itself has frozen lies in the flash, below its files; the program's function and its method in RAM."""
    types = heap_map.types_of()
    assert heap_map.functions_in(looks[0], types, 0x10000000, 0x1012C000) > 10
    assert heap_map.functions_in(looks[0], types, 0x1012C000, 0x10200000) == 0
    assert heap_map.functions_in(looks[0], types, 0x20000000, 0x20040000) == 2
