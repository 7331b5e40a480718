"""A NOR flash for vfs.VfsLfs2 that dies at the n-th program or erase, and counts breaches of the NOR rules.

Erasing sets a block to 0xFF, programming only clears bits. What the dying operation leaves behind is its variant:
  "none"   nothing of it happened
  "half"   the first half of it happened
  "bits"   some bits of it happened, scattered over all of it
  "zeros"  of an erase: what comes before it, all bits cleared
  "loose"  of an erase: the block looks erased, but some of its bits read otherwise now and then, until it is erased anew
What a data sheet says of a cut operation is nothing at all; these are the states that NOR cells go through meanwhile.

Faults that are no cut: `bad` blocks take neither erase nor program ("refuse": it is told; "stuck": nobody is told), `fails_at`
is the one program or erase, `unread_at` the one read, that fails and is gone.
"""

BLOCK = 4096
PROGRAM_SIZES = (32, 256)  # program sizes of the ports' file systems: ESP32, RP2040
_ERASE = 6
_COUNT = 4
_SIZE = 5
_EIO = 5

PROGRAM = 0
ERASE = 1
TORN = (("none", "half", "bits"), ("none", "half", "bits", "zeros", "loose"))  # of a program, of an erase
_ERASED = b"\xff" * BLOCK
_LOOSE_BYTES = 64  # a loose block: in each so many bytes one reads otherwise


class Flash:
    """Block device with the extended interface. After its death every operation fails with EIO.

    Failure is a result, not an exception: that would jump over what littlefs, written in C, has to put in order.
    """

    def __init__(self, content, dies_at=None, torn="none"):
        """content: bytearray of whole blocks, or a count of erased ones. dies_at: 1 = the first program or erase."""
        if isinstance(content, int):
            size, content = content * BLOCK, bytearray()
            while len(content) < size:
                content.extend(_ERASED)
        self.content = content
        self.operations = 0  # programs and erases so far
        self.reads = 0
        self.kinds = bytearray()  # of each operation: PROGRAM or ERASE
        self.loose = set()  # blocks whose erase was cut
        self.bad = {}  # block: "refuse" or "stuck"
        self.fails_at = self.unread_at = 0
        self.touched = set()  # blocks that were programmed or erased
        self._noise = 12345
        self.breaches = 0  # programs that wanted to set a bit which only erasing sets
        self.dead = False
        self._dies_at = dies_at
        self._torn = torn
        self._forgotten = False

    def after_the_cut(self):
        """Return a live flash with the same content; this one swallows what finalisers of open files still write."""
        self.dead = self._forgotten = True
        alive = Flash(bytearray(self.content))
        alive.loose = set(self.loose)
        alive.bad = self.bad
        return alive

    def readblocks(self, block, buffer, offset=0):
        if self.dead:
            return self._gone()
        self.reads += 1
        if self.reads == self.unread_at:
            return -_EIO
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.content)[at : at + len(buffer)]
        if self.loose and (at // BLOCK) in self.loose:
            self.shake(buffer, 0, len(buffer))
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.dead:
            return self._gone()
        at = block * BLOCK + offset
        old = int.from_bytes(self.content[at : at + len(buffer)], "little")
        new = int.from_bytes(buffer, "little")
        if new & ~old or (at // BLOCK) in self.loose:
            self.breaches += 1
        whole = (old & new).to_bytes(len(buffer), "little")
        return self._do(PROGRAM, at, whole)

    def ioctl(self, operation, argument):
        if operation == _COUNT:
            return len(self.content) // BLOCK
        if operation == _SIZE:
            return BLOCK
        if operation == _ERASE:
            return self._gone() if self.dead else self._do(ERASE, argument * BLOCK, _ERASED)
        return 0

    def shake(self, buffer, at, behind):
        """Turn some bits of a buffer, each time others, and every other time none."""
        self._noise = self._noise * 1103515245 + 12345 & 0x3FFFFFFF
        if self._noise & 0x10000:
            for place in range(at, behind, _LOOSE_BYTES):
                self._noise = self._noise * 1103515245 + 12345 & 0x3FFFFFFF
                place += (self._noise >> 8) % min(_LOOSE_BYTES, behind - place)
                buffer[place] ^= 1 << (self._noise >> 20) % 8

    def _gone(self):
        return 0 if self._forgotten else -_EIO

    def _do(self, kind, at, after):
        self.operations += 1
        self.kinds.append(kind)
        block = at // BLOCK
        self.touched.add(block)
        fault = self.bad.get(block) if self.bad else None
        if self.operations == self.fails_at or fault == "refuse":
            return -_EIO
        if fault:
            return 0
        if self.operations != self._dies_at:
            self.content[at : at + len(after)] = after
            if kind == ERASE and self.loose:
                self.loose.discard(block)
            return 0
        self.dead = True
        self._tear(kind, at, after)
        return -_EIO

    def _tear(self, kind, at, after):
        if self._torn == "half":
            half = len(after) // 2
            self.content[at : at + half] = after[:half]
        elif self._torn == "bits":
            mask = 0x5A
            for i in range(len(after)):
                mask = (mask * 5 + 1) & 0xFF
                before = self.content[at + i]
                self.content[at + i] = (before & ~mask) | (after[i] & mask)
        elif self._torn == "zeros":
            self.content[at : at + len(after)] = bytes(len(after))
        elif self._torn == "loose":
            self.content[at : at + len(after)] = after
        if kind == ERASE and self._torn != "none":
            self.loose.add(at // BLOCK)


class Part:
    """Some blocks of a flash as a block device of their own: for a file system beside a ROMFS segment."""

    def __init__(self, whole, first, count):
        self._whole = whole
        self._first = first
        self._blocks = count

    def readblocks(self, block, buffer, offset=0):
        return self._whole.readblocks(self._first + block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        return self._whole.writeblocks(self._first + block, buffer, offset)

    def ioctl(self, operation, argument):
        if operation == _COUNT:
            return self._blocks
        return self._whole.ioctl(operation, self._first + argument)


class Segment(memoryview):
    """The rest of a flash as vfs.rom_ioctl(2, 0) gives it: a block device whose bytes lie in memory."""

    @staticmethod
    def of(whole, first):
        segment = Segment(memoryview(whole.content)[first * BLOCK :])
        for block in whole.loose:
            if block >= first:  # read past the block device: it differs from start to start
                whole.shake(whole.content, block * BLOCK, (block + 1) * BLOCK)
        segment.part = Part(whole, first, len(whole.content) // BLOCK - first)
        return segment

    def readblocks(self, block, buffer, offset=0):
        _told(self.part.readblocks(block, buffer, offset))

    def writeblocks(self, block, buffer, offset=0):
        _told(self.part.writeblocks(block, buffer, offset))

    def ioctl(self, operation, argument):
        return _told(self.part.ioctl(operation, argument))


def _told(result):
    if result < 0:
        raise OSError(-result)
    return result
