"""Reads the heap of the emulated chip from outside, as a collection at this moment would leave it. The guest notices
nothing, so it can be looked at as often as one likes.

Layouts: py/mpstate.h (the heap's tables), py/gc.c (two bits a block: free, head, tail, marked head) of MicroPython 1.22 to
1.28 on a 32-bit chip. What the guest's collector would keep is found as it finds it, from every aligned word that is the
address of a head; but it looks at its roots and its stack, and here at all RAM beside the heap, but for what lies below
the stack: what calls that have returned left there keeps nothing, and would be kilobytes after an import. What all RAM
keeps more is a few hundred bytes at most.
"""

import itertools
import struct

from rp2040py.memory_map import RAM_START_ADDRESS

BLOCK = 16
_WORD = 4
_TAIL = 2
_STACK_END = 0x20040000  # ports/rp2 gives it the two small banks at the end of the RAM, it grows down to here
_KINDS = tuple(
    tuple(byte >> shift & 3 for shift in (0, 2, 4, 6)) for byte in range(256)
)  # of the blocks that a byte tells


class HeapError(Exception):
    """RAM without a heap of MicroPython in it, or with two."""


class Heap:
    """`heads`: address -> bytes of each thing in use; `free_bytes`; `largest_bytes`, the largest free piece; `place`."""

    def __init__(self, ram, stack=None, place=None):
        """ram: bytes-like, from RAM_START_ADDRESS. stack: the stack pointer, None = not known. Raises HeapError.

        place: that of an earlier look at this chip: if the heap is told of there, it is not searched for.
        """
        self._words = struct.unpack(f"<{len(ram) // _WORD}I", ram)
        self.place = place if place and _tells_of_a_heap(*self._words[place : place + 5]) else self._place()
        table, _, _, self._start, end = self._words[self.place : self.place + 5]
        first, last = (_index(a) for a in (table, end))
        if stack is not None and _STACK_END <= stack <= RAM_START_ADDRESS + len(ram):
            beside = self._words[last : _index(_STACK_END)] + self._words[_index(stack) :]
        else:
            beside = self._words[last:]
        self.heads = self._used(self._allocated(ram, table, end), self._words[:first] + beside)
        self.free_bytes = end - self._start - sum(self.heads.values())
        ends = [self._start, *(address + size for address, size in self.heads.items())]
        self.largest_bytes = max(start - end for start, end in zip([*self.heads, end], ends))

    def word(self, address, number):
        """Return the word `number` behind an address in the RAM."""
        return self._words[_index(address) + number]

    def _place(self):
        """Return the index of the five words of mp_state_ctx that say where the heap is, and fit each other."""
        words = self._words
        rows = zip(words, words[1:], words[2:], words[3:], words[4:])
        found = [at for at, row in enumerate(rows) if row[4] > row[3] > row[0] and _tells_of_a_heap(*row)]
        if len(found) != 1:
            raise HeapError(f"{len(found)} heaps in the RAM")
        return found[0]

    def _allocated(self, ram, table, end):
        """Return address -> bytes of all that is allocated, in order."""
        heads, last, address = {}, None, self._start
        first = table - RAM_START_ADDRESS
        told = ram[first : first + (end - self._start) // BLOCK // 4]
        for kind in itertools.chain.from_iterable(map(_KINDS.__getitem__, told)):
            if kind == _TAIL:
                heads[last] += BLOCK
            elif kind:
                last = address
                heads[last] = BLOCK
            address += BLOCK
        return heads

    def _used(self, heads, roots):
        """Return those of heads that can be reached from roots (words), in order."""
        seen = set()
        coming = [word for word in roots if word in heads]
        while coming:
            address = coming.pop()
            if address not in seen:
                seen.add(address)
                at = _index(address)
                coming += [word for word in self._words[at : at + heads[address] // _WORD] if word in heads]
        return {address: size for address, size in heads.items() if address in seen}


def _tells_of_a_heap(table, size, finalisers, start, end):
    """Return whether these are allocation table, its bytes, table of finalisers, first block and end."""
    fits = end - start == size * 4 * BLOCK and RAM_START_ADDRESS < table < start < end
    return fits and finalisers - table - size in (0, 1)  # a gap with threads


def _index(address):
    return (address - RAM_START_ADDRESS) // _WORD
