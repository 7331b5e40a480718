"""An image cut at the borders of its files, so that of another version only the files that differ need travel. Pure.

A block is one record of the ROMFS: the head of the image, the head of a folder, or a whole file with its name. A file that
did not change is the same block wherever it lies. Format: https://docs.micropython.org/en/latest/reference/romfs.html

A bundle holds a table of its blocks, ROW bytes each, before their content:
    8  first bytes of the SHA-256 of the block; how much is compared in the end is the SHA-256 of the whole image
    3  bytes of the block
    3  bytes of its content in the bundle, 0 = left out: who takes the bundle has to hold the block
"""

from micropython import const

ROW = 14
MOST = 512  # blocks
HASH_BYTES = 8

_MARK = b"\xd2\xcd\x31"
_FOLDER, _FILE, _CONTENT = 4, 5, 2  # kinds of records
_BEGINNING = const(80)  # bytes: longer than what stands before the content of a file, with a name of 64 characters
_HELD = const(0x80)  # in a row in memory: the device holds the block; its first bytes say where then


def number(row, at):
    """Return (a number of a ROMFS, where it ends): 7 bits a byte, the highest first. Raises ValueError."""
    value = 0
    while at < len(row):
        value = value << 7 | row[at] & 0x7F
        at += 1
        if row[at - 1] < 0x80:
            return value, at
    raise ValueError("cut short")


def borders(read, size):
    """Generator: where each block of an image of `size` bytes begins, 0 first. read(at, count): bytes of the image.

    Raises ValueError if it is no ROMFS.
    """
    for at, _, _, _ in records(read, size):
        yield at


def records(read, size):
    """Generator: (where it begins, name, where its content begins, bytes of that) of each record that is a block.

    name: as bytes, without the folder; b"" of the image's own head and of what is no file. Raises ValueError.
    """
    row = read(0, _BEGINNING)
    length, used = number(row, len(_MARK))
    if row[: len(_MARK)] != _MARK or used + length > size:
        raise ValueError("no ROMFS")
    yield 0, b"", 0, 0
    at = used
    ends = [used + length]
    while ends:
        if at >= ends[-1]:
            ends.pop()
            continue
        row = read(at, _BEGINNING)
        kind, used = number(row, 0)
        length, used = number(row, used)
        after = at + used + length
        if after > ends[-1]:
            raise ValueError("a record is longer than what it lies in")
        name, start, count = b"", 0, 0
        if kind in (_FOLDER, _FILE):
            letters, used = number(row, used)
            name = row[used : used + letters]
            used += letters
        if kind == _FILE:
            inner, used = number(row, used)
            count, used = number(row, used)
            start = at + used
            if inner != _CONTENT or start + count > after:
                raise ValueError("a file without content")
        yield at, name if kind == _FILE else b"", start, count
        if kind == _FOLDER:
            ends.append(after)
            after = at + used
        at = after


def row_of(digest, count, packed):
    """Return a row of the table. digest: SHA-256 of the block; count: its bytes; packed: those of its content."""
    return digest[:HASH_BYTES] + count.to_bytes(3, "big") + packed.to_bytes(3, "big")


def lengths(table, n):
    """Return (bytes of block n, bytes of its content in the bundle)."""
    at = n * ROW + HASH_BYTES
    return int.from_bytes(table[at : at + 3], "big"), int.from_bytes(table[at + 3 : at + 6], "big") & 0x7FFFFF


def hold(table, digest, count, start):
    """Note in a table where the device holds a block of its own, if the table has one like it."""
    at = table.find(digest[:HASH_BYTES])
    while at >= 0:
        row = at // ROW
        if at % ROW == 0 and lengths(table, row)[0] == count:
            table[at : at + HASH_BYTES] = start.to_bytes(HASH_BYTES, "big")
            table[at + HASH_BYTES + 3] |= _HELD
        at = table.find(digest[:HASH_BYTES], at + 1)


def held(table, n):
    """Return where the device holds block n, -1 if it does not."""
    at = n * ROW
    if not table[at + HASH_BYTES + 3] & _HELD:
        return -1
    return int.from_bytes(table[at : at + HASH_BYTES], "big")


def fault(table, size):
    """Return what is wrong with a table of an image of so many bytes, "" if nothing is."""
    total = 0
    for n in range(len(table) // ROW):
        count, _ = lengths(table, n)
        if not count or table[n * ROW + HASH_BYTES + 3] & _HELD:
            return "has a block of a wrong length"
        total += count
    return "" if total == size else "has blocks that do not make the image"
