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
    from bridge.settings import Settings, rows

    path = _folder() + "settings"
    names = [row[0] for row in rows()]

    def take(data):
        _write(path, sealed(data))
        first = Settings(path)
        values = [[name, plain(getattr(first, name))] for name in names]
        refused = first.apply({"led_brightness": 1 + first.led_brightness % 100})
        again = Settings(path)
        kept = not refused and all(
            [getattr(first, name) == getattr(again, name) for name in names] + [not again.ignored]
        )
        return [values, kept]

    return take


def boot():
    """In: three files, each with 2 bytes of length before it: slot_state, slot_boots, manifest. Out: the slot chosen."""
    import boot
    from slots.slots import Slots
    from slots.version import Refused, version_key

    root = _folder() + "boot/"
    for name in ("", "a", "b"):
        os.mkdir(root + name)
    _write(root + "a/main.mpy", b"four")
    _write(root + "b/main.mpy", b"four")
    _write(root + "b/manifest.json", b'{"files":[["main.mpy",4,9,"00"]]}')

    def take(data):
        parts = []
        for _ in range(3):
            count = int.from_bytes(data[:2], "big")
            parts.append(data[2 : 2 + count])
            data = data[2 + count :]
        _write(root + "slot_state", parts[0])
        _write(root + "slot_boots", parts[1])
        _write(root + "a/manifest.json", parts[2])
        chosen = boot.choose(root)
        slots = Slots(root, "a")
        slots.idle()
        slots.on_trial()
        slots.manifest("a")
        try:
            version_key(slots.floor())
        except Refused:
            pass
        return chosen[-1] if chosen else None

    return take


def bundle():
    """In: size of the pieces / 16, a bundle. Out: [refused or "", percent, files installed]. Raises Refused."""
    from binascii import hexlify
    from hashlib import sha256

    from slots.installer import Installer
    from slots.slots import Slots, entries
    from slots.version import Refused

    root = _folder() + "slots/"
    os.mkdir(root)
    known = ("a", "b", "slot_state", "slot_boots")

    def files(folder):
        found = []
        for path, is_folder in entries(folder):
            if is_folder:
                found += files(path)
            else:
                with open(path, "rb") as file:
                    found.append([path[len(root) + 2 :], hexlify(sha256(file.read()).digest()).decode()])
        return found

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
        installed = [] if refused else files(root + "b")
        return [refused.encode().hex(), percent, installed, strange]

    return take
