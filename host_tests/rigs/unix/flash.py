"""A NOR flash for vfs.VfsLfs2 that dies at the n-th program or erase, and counts breaches of the NOR rules.

Erasing sets a block to 0xFF, programming only clears bits. What the dying operation leaves behind is its variant:
  "none"   nothing of it happened
  "half"   the first half of it happened
  "bits"   some bits of it happened, scattered over all of it
"""

BLOCK = 4096
PROGRAM_SIZES = (32, 256)  # program sizes of the ports' file systems: ESP32, RP2040
_ERASE = 6
_COUNT = 4
_SIZE = 5
_EIO = 5

TORN = ("none", "half", "bits")


class Flash:
    """Block device with the extended interface. After its death every operation raises OSError(EIO)."""

    def __init__(self, content, dies_at=None, torn="none"):
        """content: bytearray of whole blocks, or a count of erased ones. dies_at: 1 = the first program or erase."""
        if isinstance(content, int):
            size, content = content * BLOCK, bytearray()
            while len(content) < size:
                content.extend(b"\xff" * BLOCK)
        self.content = content
        self.operations = 0  # programs and erases so far
        self.breaches = 0  # programs that wanted to set a bit which only erasing sets
        self.dead = False
        self._dies_at = dies_at
        self._torn = torn
        self._forgotten = False

    def after_the_cut(self):
        """Return a live flash with the same content; this one swallows what finalisers of open files still write."""
        self._forgotten = True
        return Flash(bytearray(self.content))

    def readblocks(self, block, buffer, offset=0):
        if self._gone():
            return
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.content)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        if self._gone():
            return
        at = block * BLOCK + offset
        old = int.from_bytes(self.content[at : at + len(buffer)], "little")
        new = int.from_bytes(buffer, "little")
        if new & ~old:
            self.breaches += 1
        whole = (old & new).to_bytes(len(buffer), "little")
        self._do(at, whole)

    def ioctl(self, operation, argument):
        if operation == _COUNT:
            return len(self.content) // BLOCK
        if operation == _SIZE:
            return BLOCK
        if operation == _ERASE and not self._gone():
            self._do(argument * BLOCK, b"\xff" * BLOCK)
        return 0

    def _gone(self):
        """Return True if nothing counts any more (and nothing may be allocated: a collection is running)."""
        if self.dead and not self._forgotten:
            raise OSError(_EIO)
        return self._forgotten

    def _do(self, at, after):
        self.operations += 1
        if self.operations != self._dies_at:
            self.content[at : at + len(after)] = after
            return
        self.dead = True
        if self._torn == "half":
            half = len(after) // 2
            self.content[at : at + half] = after[:half]
        elif self._torn == "bits":
            mask = 0x5A
            for i in range(len(after)):
                mask = (mask * 5 + 1) & 0xFF
                before = self.content[at + i]
                self.content[at + i] = (before & ~mask) | (after[i] & mask)
        raise OSError(_EIO)


class Part:
    """Some blocks of a flash as a block device of their own: for a file system beside a ROMFS segment."""

    def __init__(self, whole, first, count):
        self._whole = whole
        self._first = first
        self._blocks = count

    def readblocks(self, block, buffer, offset=0):
        self._whole.readblocks(self._first + block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        self._whole.writeblocks(self._first + block, buffer, offset)

    def ioctl(self, operation, argument):
        if operation == _COUNT:
            return self._blocks
        return self._whole.ioctl(operation, self._first + argument)


class Segment(memoryview):
    """The rest of a flash as vfs.rom_ioctl(2, 0) gives it: a block device whose bytes lie in memory."""

    @staticmethod
    def of(whole, first):
        segment = Segment(memoryview(whole.content)[first * BLOCK :])
        segment.part = Part(whole, first, len(whole.content) // BLOCK - first)
        return segment

    def readblocks(self, block, buffer, offset=0):
        self.part.readblocks(block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        self.part.writeblocks(block, buffer, offset)

    def ioctl(self, operation, argument):
        return self.part.ioctl(operation, argument)
