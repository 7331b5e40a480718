"""A bounded journal of small entries that survives power cuts and damaged blocks. Sans-clock, no object per entry.

    journal = Journal("/data/queue/")
    journal.append(priority, payload)          # in memory: no flash is touched
    if journal.due(now_s):
        for writes in journal.flush(now_s):    # one bounded step a turn; writes: the next one erases or programs
            await gap()
    for sequence, priority, payload in journal.entries(0): ...
    journal.drop(sequence)                     # all up to this one has arrived; flush() gives its room back

An entry has a sequence number, a priority 0..3 and 1..240 bytes. Entries lie in segments, a file each (segment.py); the
last one grows, and littlefs shows a file as it was before its last close or after it. When all segments are full, the
oldest entries of the lowest priority go (thinning.py). A reader that finds no whole entry looks one byte further, so damage
costs what it hit. Wear: one erase and some programs a flush; how many flushes a day there can be is bounded, see `due`.
"""

import os
from struct import pack_into, unpack_from

from micropython import const
from parts import Part
from store.segment import HEAD, LONGEST, MARK, PIECE, ROW, TOP, bytes_of, check_sum, file_name, oldest, remove, scan

_HOUR_S = const(3600)
_ENOSPC = const(28)


class Journal:
    """One journal. Some 1.2 kB; a flush or a reader takes 1 to 2 kB more while it lasts."""

    def __init__(self, folder, segments=20, segment_bytes=8192, every_s=600, urgent=24):
        """folder: path with a slash at its end. every_s: between two flushes; urgent: flushes a day beside these.

        Raises OSError if the flash fails; a folder that is missing is made with the first flush (BLOCKS for a second).
        """
        self._folder = folder
        self._most = segments
        self._bytes_most = segment_bytes
        self._every_s = every_s
        self._urgent_s = 24 * _HOUR_S // urgent
        self._urgent_at = 0  # s: so far the flushes for urgent entries have been spent
        self._written_s = None
        self._urgent = False
        self._buffer = bytearray(PIECE)
        self._have = 0  # bytes that wait in it
        self._changes = 0
        self.lost = 0  # entries that gave way, or found no room, in memory
        with Part("store.opening", "store.opening") as opening:
            found = opening.look(folder)
        # first: number in the name of the segment that grows, 0 = there is none; size: its bytes; lowest: priority in it
        self._segments, self._rubbish, self._first, self._size, self.last, self._lowest = found
        if self._size < 0:
            self._size = segment_bytes  # damaged: it takes no more
        self.dropped = self._segments[0] - 1 if self._segments else max(self._first - 1, 0)

    def append(self, priority, payload, urgent=False):
        """Take an entry, and return its sequence number; 0 if nothing in memory could give way to it.

        urgent: it is not to wait for others (see `due`). Raises ValueError for a payload of a length that cannot be.
        """
        size = HEAD + len(payload)
        if not HEAD < size <= HEAD + LONGEST:
            raise ValueError("payload of %d bytes" % len(payload))
        level = 0
        while self._have + size > PIECE and level < priority:
            if not self._give_way(level):
                level += 1
        if self._have + size > PIECE:
            self.lost += 1
            return 0
        at = self._have
        self.last += 1
        pack_into("<BBI", self._buffer, at, len(payload), MARK + priority, self.last)
        self._buffer[at + HEAD : at + size] = payload
        pack_into("<I", self._buffer, at + 6, check_sum(memoryview(self._buffer)[at : at + size]))
        self._have += size
        self._urgent = self._urgent or urgent
        return self.last

    def due(self, now_s):
        """Return True if a flush is due: `every_s` after the last one, at once for an urgent entry while they last.

        So a day has at most 86400 / every_s + 2 * urgent flushes, whatever comes in.
        """
        if not (self._have or self._rubbish or self._arrived()):
            return False
        if self._written_s is None or now_s - self._written_s >= self._every_s:
            return True
        return self._hurries(now_s)

    def flush(self, now_s):
        """Generator: writes what waits and gives back what has arrived. Yields True before a step that erases or programs.

        Raises OSError if the flash fails or is full; what waits goes on waiting.
        """
        if self._hurries(now_s):
            self._urgent_at = max(self._urgent_at, now_s) + self._urgent_s
        self._urgent = False
        self._written_s = now_s
        yield from self._clear()
        while self._segments and self._segments[1] <= self.dropped:
            yield True
            self._forget(0)
        if self._first and self._written() <= self.dropped:
            yield True
            self._drop_growing()
        if self._have and self._first and self._size + self._have > self._bytes_most:
            yield True
            self._seal()
        while self._have and not self._first and len(self._segments) // ROW >= self._most:
            try:
                yield from self._thin()
            except OSError as e:
                if e.errno != _ENOSPC or not self._sacrifice():
                    raise
        yield from self._clear()
        if self._have:
            yield True
            try:
                self._write()
            except OSError as e:
                if e.errno != _ENOSPC or not self._sacrifice():
                    raise
                self._write()

    def entries(self, after):
        """Generator: yields (sequence, priority, payload) of what is held with numbers above `after`.

        payload: memoryview, valid until the next one. What is appended or flushed meanwhile is neither missed nor
        told twice.
        """
        buffer = bytearray(PIECE)
        view = memoryview(buffer)
        changes = -1
        while changes != self._changes:
            changes = self._changes
            for path in self._paths(after):
                for at, size in scan(path, buffer):
                    sequence = unpack_from("<I", buffer, at + 2)[0]
                    if sequence > after:
                        after = sequence
                        yield sequence, buffer[at + 1] - MARK, view[at + HEAD : at + size]
                        if changes != self._changes:
                            break
                if changes != self._changes:
                    break
            at = 0
            while at < self._have and changes == self._changes:
                size = HEAD + self._buffer[at]
                sequence = unpack_from("<I", self._buffer, at + 2)[0]
                if sequence > after:
                    after = sequence
                    yield sequence, self._buffer[at + 1] - MARK, memoryview(self._buffer)[at + HEAD : at + size]
                at += size

    def drop(self, sequence):
        """Note that all entries up to a sequence number have arrived. After a power cut some of them are told again."""
        self.dropped = max(self.dropped, sequence)
        at = 0
        while at < self._have and unpack_from("<I", self._buffer, at + 2)[0] <= sequence:
            at += HEAD + self._buffer[at]
        if at:
            self._shift(0, at)

    def empty(self):
        """Return True if nothing is held that has not arrived."""
        return self.dropped >= self.last

    def _clear(self):
        """Generator: removes what nobody reads any more. Yields as flush does."""
        while self._rubbish:
            yield True
            remove(self._folder + self._rubbish[-1])
            self._rubbish.pop()

    def _paths(self, after):
        """Generator of the paths of the segments that may hold numbers above `after`."""
        changes = self._changes
        at = 0
        while at < len(self._segments) and changes == self._changes:
            if self._segments[at + 1] > after:
                yield self._path(at)
            at += ROW
        if self._first and changes == self._changes:
            yield self._folder + "%08x-" % self._first

    def _path(self, at):
        return self._folder + file_name(*self._segments[at : at + ROW])

    def _hurries(self, now_s):
        return self._urgent and self._urgent_at - now_s < 24 * _HOUR_S

    def _arrived(self):
        """Return True if a segment can go."""
        return self._segments[1] <= self.dropped if self._segments else self._first and self._written() <= self.dropped

    def _written(self):
        """Return a number from the newest entry in a file on, below that of the oldest one in memory."""
        return unpack_from("<I", self._buffer, 2)[0] - 1 if self._have else self.last

    def _forget(self, at):
        remove(self._path(at))
        del self._segments[at : at + ROW]
        self._changes += 1

    def _drop_growing(self):
        remove(self._folder + "%08x-" % self._first)
        self._first = self._size = 0
        self._changes += 1

    def _give_way(self, level):
        """Drop the oldest entry of a priority from what waits in memory; return False if there is none."""
        at = 0
        while at < self._have:
            size = HEAD + self._buffer[at]
            if self._buffer[at + 1] == MARK + level:
                self._shift(at, at + size)
                self.lost += 1
                return True
            at += size
        return False

    def _shift(self, at, behind):
        """Take bytes out of what waits in memory."""
        left = self._have - behind
        self._buffer[at : at + left] = self._buffer[behind : self._have]
        self._have = at + left
        self._changes += 1

    def _write(self):
        """Append what waits to the segment that grows: one open, one close."""
        first = self._first or unpack_from("<I", self._buffer, 2)[0]
        path = self._folder + "%08x-" % first
        if not self._first and bytes_of(self._folder[:-1]) < 0:
            from store.folder import make  # once in the life of a board

            above = self._folder[:-1].rpartition("/")[0]
            if above:
                make(above)
            make(self._folder[:-1])
        lowest = TOP if not self._first else self._lowest
        at = 0
        while at < self._have:
            lowest = min(lowest, self._buffer[at + 1] - MARK)
            at += HEAD + self._buffer[at]
        try:
            with open(path, "ab") as file:
                file.write(memoryview(self._buffer)[: self._have])
        except OSError:
            self._recount(path)
            raise
        self._first, self._lowest = first, lowest
        self._size += self._have
        self._shift(0, self._have)

    def _recount(self, path):
        """After a write that failed: a file that is longer than it was takes no more, an empty new one goes."""
        if bytes_of(path) != (self._size if self._first else -1):
            if self._first:
                self._size = self._bytes_most
            else:
                remove(path)

    def _seal(self):
        """Give the segment that grew its whole name: it takes no more."""
        row = (self._first, self._written(), self._lowest)
        os.rename(self._folder + "%08x-" % self._first, self._folder + file_name(*row))
        self._segments += row
        self._first = self._size = 0
        self._changes += 1

    def _sacrifice(self):
        """Give up a segment for what waits, for the flash is full; return False if there is none that matters less."""
        at = oldest(self._segments)
        if at < 0 or self._segments[at + 2] == TOP:
            return False
        self._forget(at)
        return True

    def _thin(self):
        """Generator: makes room by the oldest entries of the lowest priority. Yields as flush does."""
        with Part("store.thinning", "store.thinning") as thinning:
            yield from thinning.thin(self._folder, self._segments, self._bytes_most)
        self._changes += 1
