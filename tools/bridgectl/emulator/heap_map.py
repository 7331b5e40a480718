"""What lies in the emulated chip's heap, by area: what a line of the firmware costs.

The layouts are those of MicroPython 1.22 to 1.28 on a 32-bit chip: py/objfun.h, py/bc.h, py/emitglue.h, py/objstr.h,
py/objtype.h, py/obj.h (maps), py/qstr.h. Types are told apart by their addresses, which are those of the image:
types_of asks it for them. `python -m bridgectl.emulator --map PROFILE` prints a table.
"""

import functools

from . import repl
from .chip import Chip
from .heap import BLOCK

AREAS = {
    "bytecode": "of functions",
    "raw_code": "what ties a function to its bytecode",
    "texts": "characters of str and bytes",
    "text_objects": "str and bytes themselves",
    "constants": "tables of modules: the names and objects that their code refers to",
    "names": "interned texts and their pools",
    "modules_and_dicts": "modules, dicts and their tables",
    "functions": "function objects and closures",
    "classes": "classes and their dicts",
    "tuples": "tuples",
    "objects_and_buffers": "all else: instances, tasks, arrays, lists, coroutines",
}
_WORD = 4
_BYTECODE_KIND = 2  # of a raw code, MP_CODE_BYTECODE
_MOST_NAMES = 1 << 14

_QUESTION = b"""
import sys
def function(): pass
def generator(): yield
def outer():
    x = 1
    def inner(): return x
    return inner
for name, kind in (("function", type(function)), ("generator", type(generator)), ("closure", type(outer())),
        ("module", type(sys)), ("class", type), ("dict", dict), ("tuple", tuple), ("str", str), ("bytes", bytes)):
    print("TYPE", name, id(kind))
"""


@functools.lru_cache
def types_of(uf2=None):
    """Return the address of each type that the map tells apart, by its name. Raises GuestError, Stalled."""
    words = [line.split() for line in repl.run(Chip(uf2=uf2), _QUESTION).splitlines() if line.startswith("TYPE ")]
    return {name: int(address) for _, name, address in words}


def areas(heap, types):
    """Return the reachable bytes of each of AREAS. heap: a heap.Heap; types: see types_of."""
    return _Sorter(heap, types).areas()


def functions_in(heap, types, start, end):
    """Return how many of the functions on the heap have their bytecode at start <= address < end."""
    sorter = _Sorter(heap, types)
    return sum(start <= heap.word(function, 3) < end for function in sorter.of_type("function", "generator"))


class _Sorter:
    """Gives each thing in the heap to an area: those first that say what others are."""

    def __init__(self, heap, types):
        self.heads = heap.heads
        self._word = heap.word
        self._start = min(heap.heads)
        self._types = types

    def areas(self):
        owner = {}
        for take in (
            self._names,
            self._modules,
            self._functions,
            self._classes,
            self._dicts,
            self._texts,
            self._tuples,
        ):
            take(owner)
        sums = dict.fromkeys(AREAS, 0)
        for address, size in self.heads.items():
            sums[owner.get(address, "objects_and_buffers")] += size
        return sums

    def of_type(self, *names):
        wanted = {self._types[name] for name in names}
        return [address for address in self.heads if self._word(address, 0) in wanted]

    def _take(self, owner, address, area):
        """Give what begins at an address to an area if it lies on the heap and nobody has it; return True then."""
        if address not in self.heads or address in owner:
            return False
        owner[address] = area
        return True

    def _names(self, owner):
        """A pool: previous, names in those, room, names, then pointers to hashes and lengths (py/qstr.h), and the names."""
        for pool, size in self.heads.items():
            room, count = (self._word(pool, n) for n in (2, 3)) if size > 2 * BLOCK else (0, 1)
            if not count <= room < _MOST_NAMES:
                continue
            for first in (5, 6):  # without hashes, with
                if self._word(pool, 4) == pool + _WORD * (first + room):
                    owner[pool] = "names"
                    for n in range(count):
                        self._take(owner, self._head_of(self._word(pool, first + n)), "names")

    def _head_of(self, address):
        """Return the beginning of the thing that an address lies in, None if it lies on no heap."""
        at = address // BLOCK * BLOCK
        while at >= self._start and at not in self.heads:
            at -= BLOCK
        return at if at in self.heads and address < at + self.heads[at] else None

    def _modules(self, owner):
        """A module: type, dict, and if it came from a .mpy file: table of names, table of objects."""
        for module in self.of_type("module"):
            self._take(owner, module, "modules_and_dicts")
            for number in (2, 3):
                self._take(owner, self._word(module, number), "constants")

    def _functions(self, owner):
        """A function: type, module, table of the functions in it, bytecode. A closure: type, function, cells."""
        for function in self.of_type("function", "generator"):
            self._take(owner, function, "functions")
            self._take(owner, self._word(function, 3), "bytecode")
            self._children(owner, self._word(function, 2))
        for closure in self.of_type("closure"):
            self._take(owner, closure, "functions")

    def _children(self, owner, table):
        if not self._take(owner, table, "raw_code"):
            return
        for n in range(self.heads[table] // _WORD):
            child = self._word(table, n)
            if child not in self.heads or child in owner:
                continue
            if self._word(child, 0) & 0xFF_FFFF == _BYTECODE_KIND << 16:  # two zeros, the kind
                self._take(owner, child, "raw_code")
                self._take(owner, self._word(child, 1), "bytecode")
                self._children(owner, self._word(child, 2))
            else:
                self._take(owner, child, "bytecode")

    def _classes(self, owner):
        dicts = set(self.of_type("dict"))
        for cls in self.of_type("class"):
            self._take(owner, cls, "classes")
            for n in range(1, self.heads[cls] // _WORD):
                inner = self._word(cls, n)
                if inner in dicts and self._take(owner, inner, "classes"):
                    self._take(owner, self._word(inner, 3), "classes")

    def _dicts(self, owner):
        """A dict: type, flags and count, room, table."""
        for each in self.of_type("dict"):
            if self._take(owner, each, "modules_and_dicts"):
                self._take(owner, self._word(each, 3), "modules_and_dicts")

    def _texts(self, owner):
        """A str or bytes: type, hash, length, characters."""
        for text in self.of_type("str", "bytes"):
            self._take(owner, text, "text_objects")
            self._take(owner, self._word(text, 3), "texts")

    def _tuples(self, owner):
        for each in self.of_type("tuple"):
            self._take(owner, each, "tuples")
