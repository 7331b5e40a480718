"""The decoders of files; each function returns one that takes an input and tells what it made of it.

Texts go out in hexadecimal: what is read need not be UTF-8.
"""

import os
from binascii import crc32

from bridgectl.fuzzing.chip.values import plain


def _folder():
    """Return the folder of this process, with a slash."""
    return os.getenv("FUZZ_FOLDER") + "/"


def _write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def sealed(body):
    """Return the bytes of a record whose checksum is right."""
    return b"record1 %08x\n" % crc32(body) + body


def record():
    """In: a file. Out: null, or what is in it."""
    from store import record

    path = _folder() + "record"

    def take(data):
        _write(path, data)
        found = record.load(path)
        return None if found is None else plain(found)

    return take


def settings():
    """In: JSON of a record. Out: [settings in force, as after a new start]; what is kept must load to the same."""
    from bridge.settings import Settings
    from bridge.settings_table import rows

    path = _folder() + "settings"
    names = [row[0] for row in rows()]

    def take(data):
        _write(path, sealed(data))
        first = Settings(path)
        values = [[name, plain(getattr(first, name))] for name in names]
        refused = first.apply({"led_brightness": 1 + first.led_brightness % 100}, first.damaged)
        again = Settings(path)
        kept = not refused and all(
            [getattr(first, name) == getattr(again, name) for name in names] + [not again.ignored]
        )
        return [values, kept]

    return take


def boot():
    """In: three files, each with 2 bytes of length before it: slot_state, slot_boots, slot a. Out: the slot chosen."""
    import boot
    from slots import head
    from slots.slots import Slots
    from slots.version import Refused, version_key

    root = _folder() + "boot/"
    for name in ("", "data"):
        os.mkdir(root + name)
    boot.machine = None
    image = b"\xd2\xcd\x31\x00"
    good = head.make(b'{"version":"1.2.3","mpy":6,"size":4}', b"", 4, crc32(image))
    _write(root + "b.slot", good + b"\xff" * (head.HEAD_BYTES - len(good)) + image)

    def take(data):
        parts = []
        for _ in range(3):
            count = int.from_bytes(data[:2], "big")
            parts.append(data[2 : 2 + count])
            data = data[2 + count :]
        _write(root + "slot_state", parts[0])
        _write(root + "slot_boots", parts[1])
        _write(root + "a.slot", parts[2] + b"\xff" * (head.HEAD_BYTES - len(parts[2])) + image)
        try:
            os.remove(root + "data/slot_state")
        except OSError:
            pass
        chosen, _ = boot.choose(root, boot._Files(root))
        slots = Slots(root, "a")
        slots.idle()
        slots.on_trial()
        slots.manifest("a")
        slots.failed()
        try:
            version_key(slots.floor())
        except Refused:
            pass
        return chosen

    return take


def bundle():
    """In: size of the pieces / 16, a bundle. Out: [refused or "", percent, CRC-32 of the image or None, other files]."""
    from slots.head import HEAD_BYTES
    from slots.installer import Installer
    from slots.slots import Slots
    from slots.version import Refused

    root = _folder() + "slots/"
    os.mkdir(root)
    known = ("b.slot", "b.new", "slot_state", "slot_boots", "data")

    def take(data):
        size = 16 * data[0] + 1 if data else 1
        installer = Installer(Slots(root, "a"), "sigen-bridge", "host")
        refused = ""
        at = 1
        try:
            while at < len(data):
                at += installer.feed(memoryview(data)[at : at + size])
            while not installer.finish():
                pass
        except Refused as e:
            refused = e.field
        percent = installer.percent()
        installer.close()
        strange = [row[0] for row in os.ilistdir(root) if row[0] not in known]
        installed = None
        if not refused:
            with open(root + "b.slot", "rb") as file:
                file.seek(HEAD_BYTES)
                installed = crc32(file.read())
        return [refused.encode().hex(), percent, installed, strange]

    return take
