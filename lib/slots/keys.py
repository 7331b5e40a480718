"""The keys whose signatures a device believes: up to PLACES records, <folder>key_1 and so on, one of each key.

    {"id", "state", "n"}    id: see `name`; state: "active", "retired" or "development"; n: the modulus in base64,
                            left out of a retired one
One record each, so that no piece of memory longer than one key is needed. Written by provisioning, and by a version that
has proved itself and brings other keys in its manifest (`adopt`).
"""

from binascii import a2b_base64, hexlify
from hashlib import sha256

from store import record

PLACES = 4
_ID_BYTES = 8


def name(modulus):
    """Return the id of a key, 16 hex digits: the beginning of the SHA-256 of its modulus, big-endian."""
    return hexlify(sha256(modulus).digest()[:_ID_BYTES]).decode()


def modulus(text):
    """Return the modulus that stands in a record or manifest, b"" if none does."""
    try:
        return a2b_base64(text)
    except (ValueError, TypeError):
        return b""


def find(folder, wanted):
    """Return (state, modulus) of the key with an id; ("", b"") if it is not there or not what its id says."""
    for place in range(1, PLACES + 1):
        key = record.load(_path(folder, place))
        if key and key.get("id") == wanted:
            found = modulus(key.get("n"))
            if key.get("state") == "retired" or name(found) == wanted:
                return key.get("state"), found
    return "", b""


def states(folder):
    """Return {id: state} of the keys that are there."""
    found = {}
    for place in range(1, PLACES + 1):
        key = record.load(_path(folder, place))
        if key:
            found[key.get("id")] = key.get("state")
    return found


def any_there(folder):
    """Return True if there is a key, or a record of one that cannot be read: then nobody knows that there is none."""
    paths = [_path(folder, place) for place in range(1, PLACES + 1)]
    return any([record.load(path) or record.damaged(path) for path in paths])


def adopt(folder, changes):
    """Obey the "keys" of a manifest that is trusted: {"add": modulus in base64, "retire": [ids]}. Raises OSError.

    First the new one, then the old ones go: a power cut in between leaves both. A retired key never comes back this way,
    and the last one that is active is not retired.
    """
    text = changes.get("add")
    known = states(folder)
    new = modulus(text)
    if new and name(new) not in known:
        _put(folder, {"id": name(new), "state": "active", "n": text}, _free(folder))
    for old in changes.get("retire") or ():
        left = [id for id, state in states(folder).items() if state == "active" and id != old]
        if left and old in known:
            _put(folder, {"id": old, "state": "retired"}, _place(folder, old))


def _free(folder):
    """Return a place for a new key: an empty one, else that of the first retired one, else the last."""
    for wanted in (None, "retired"):
        for place in range(1, PLACES + 1):
            key = record.load(_path(folder, place))
            if (key and key.get("state")) == wanted:
                return place
    return PLACES


def _place(folder, wanted):
    for place in range(1, PLACES + 1):
        key = record.load(_path(folder, place))
        if key and key.get("id") == wanted:
            return place
    return PLACES


def _put(folder, key, place):
    record.save(_path(folder, place), key)


def _path(folder, place):
    return "%skey_%d" % (folder, place)
