"""Small records that survive a power cut and a damaged block: a dict in a file, old or new, never a third.

File: one line "record1 " and the CRC-32 of the rest in eight hex digits, then the dict as JSON.
Saving writes `path.new`, closes it and renames it over `path`; littlefs makes a rename one atomic commit, so a cut
leaves the old file or the new one. A left-over `path.new` is never read. The checksum finds what littlefs does not
promise: bits that decayed, a file that somebody cut short.

A record in a folder called data has a second copy of the same name in the folder above, because littlefs keeps all that a
folder holds in one pair of blocks of its own. Such a record carries a "serial" that grows with every save: the higher one
counts, for a damaged block may bring back an older, whole copy. While one is written the other is the good one before it,
and the copy that is worse is made anew when the record is read.

A record whose content changes its meaning from version to version has a "form" too, a number; `load` lets a module that its
caller names make today's form of an earlier one. Callers see neither.

Each save erases flash and blocks for tens of milliseconds, twice with a second copy; on RP2040 no interrupt is served then.
"""

import json
import os
from binascii import crc32

from micropython import const

_MAX_BYTES = const(8192)
_HEAD = b"record1 "
_HEAD_BYTES = const(17)  # the word, eight hex digits, the end of the line
_FOLDER = "data/"
_SERIAL = "serial"
_FORM = "form"
_ENOENT = const(2)
_ENOTDIR = const(20)


def load(path, form=0, steps=None):
    """Return the dict stored at path, or None if it is missing or no copy of it can be read.

    form: the one that the caller knows; steps: Part of a module, loaded only for a record of an earlier form: its
    upgrade(value, form) changes the dict. Nothing is written. A later form comes as it is: an older version runs again.
    """
    value = _newest(path)
    if value and len(_places(path)) > 1:
        value.pop(_SERIAL, None)
    if value:
        stored = value.pop(_FORM, 0)
        if steps and (not isinstance(stored, int) or stored < form):
            with steps as module:
                module.upgrade(value, stored)
    return value


def damaged(path):
    """Return True if there is a record that cannot be read: that is not the same as none."""
    return _newest(path) is None and any([_there(place) for place in _places(path)])


def serial(path):
    """Return the number of the last save of a record that has a second copy, 0 if nothing is known."""
    return _serial_of(_newest(path))


def save(path, value, form=0):
    """Store the dict `value` at path; return True if it was written, False if the same was there already.

    form: of its content, see `load`.

    Only what JSON can say survives: tuples come back as lists. A missing folder is made (one level).
    Raises OSError if the flash is full or fails, ValueError above 8 kB; the old record is then still there.
    """
    body = json.dumps(dict(value, form=form) if form else value).encode()
    value = json.loads(body)  # both through the same text: 32-bit floats compare as stored
    places = _places(path)
    stored = _newest(path)
    if len(places) > 1:
        value[_SERIAL] = _serial_of(stored)
        if value == stored:
            return False
        value[_SERIAL] += 1
        body = json.dumps(value).encode()
    elif value == stored:
        return False
    if len(body) > _MAX_BYTES - _HEAD_BYTES:
        raise ValueError("record of %d bytes is too long" % len(body))
    _write(places[0], body)
    _mend(places[1:], body)
    return True


def remove(path):
    """Remove a record, if there is one. Raises OSError if the flash fails."""
    for place in _places(path):
        if _there(place):
            os.remove(place)


def _places(path):
    """Return the paths of all copies of a record."""
    folder, _, name = path.rpartition("/")
    above = path[: -len(_FOLDER + name)]
    return (path, above + name) if above + _FOLDER + name == path and above[-1:] in ("", "/") else (path,)


def _newest(path):
    """Return the copy with the higher serial, or None; the other one is made the same."""
    places = _places(path)
    found = [_read(place) for place in places]
    best = found[0]
    for other in found[1:]:
        if best is None or (other is not None and _serial_of(other) > _serial_of(best)):
            best = other
    worse = [place for place, value in zip(places, found) if value != best]
    if worse:
        _mend(worse, json.dumps(best).encode())
    return best


def _read(path):
    """Return the dict in one file, or None. What fails is tried once more: a single bad read is no damage."""
    for _ in range(2):
        try:
            size = os.stat(path)[6]
            if size > _MAX_BYTES:
                return None
            with open(path, "rb") as file:
                head = file.read(_HEAD_BYTES)
                body = file.read(size)  # a read of the largest size would ask for 8 kB in one piece
            value = json.loads(body) if head == _head(body) else None
        except (OSError, ValueError, RuntimeError):  # RuntimeError: nested deeper than the interpreter goes
            value = None
        if isinstance(value, dict):
            return value
        _look_elsewhere(path)
    return None


def _look_elsewhere(path):
    """Let littlefs read other blocks: it takes what a failed read left in its buffer for the block that it asked for."""
    try:
        os.statvfs(path[: -len(path.rpartition("/")[2])])
    except OSError:  # no such folder, or it fails again: the next try tells
        pass


def _serial_of(value):
    number = value.get(_SERIAL) if value else 0
    return number if isinstance(number, int) else 0


def _mend(places, body):
    """Write copies that are not needed now: what the flash refuses is tried again at the next read."""
    for place in places:
        try:
            _write(place, body)
        except OSError:
            pass


def _write(path, body):
    fresh = path + ".new"
    _make_folder(path)
    try:
        with open(fresh, "wb") as file:
            file.write(_head(body))
            file.write(body)
        os.rename(fresh, path)
    except OSError:
        _remove(fresh)  # a full flash must not stay full because of us
        raise


def _head(body):
    return b"%s%08x\n" % (_HEAD, crc32(body))


def _there(path):
    """Return True unless it is sure that there is no such file."""
    try:
        os.stat(path)
    except OSError as e:
        return e.errno not in (_ENOENT, _ENOTDIR)
    return True


def _make_folder(path):
    folder = path.rpartition("/")[0]
    if folder and not _there(folder):
        from store.folder import make  # once in the life of a board

        make(folder)


def _remove(path):
    try:
        os.remove(path)
    except OSError:  # never written, or the flash is dead: the first error tells
        pass
