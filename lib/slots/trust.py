"""Whose bundles a device takes: by the signature of the manifest, the keys of the device, and who brings the bundle.

A signature in a head is the id of its key (8 bytes) and the signature of the manifest's bytes (signature.py). The manifest
holds the SHA-256 of the image, which is compared with what lies in the flash in the end.
"""

from binascii import hexlify
from hashlib import sha256

from micropython import const
from slots import keys, signature
from slots.bundle import CABLE

BELIEVED = ("active", "development")  # what `judged` finds of a signature that is good
_ID_BYTES = const(8)
_NO_KEYS = "this device has no keys; update it over USB, or give it some with bridgectl key provision"


def folder(root):
    """Return the folder of the keys of a device. root: with its slash."""
    return root + "data/"


def has_keys(folder):
    """Return True if the device has a key, or a record of one that cannot be read."""
    return keys.any_there(folder)


def judged(folder, message, block):
    """Generator: yields 0 between small pieces of work; returns what the signature of a manifest is.

    "missing"; "unknown <id>": of a key that is not on the device, "retired <id>"; "wrong": it is none of the key that it
    names; "active", "development": it is good, and of a key of that state.
    """
    if not block:
        return "missing"
    id = hexlify(block[:_ID_BYTES]).decode()
    state, modulus = keys.find(folder, id)
    if state not in BELIEVED:
        return ("retired " if state == "retired" else "unknown ") + id
    good = yield from signature.verified(modulus, sha256(message).digest(), block[_ID_BYTES:])
    return state if good else "wrong"


def refusal(found, required, has_keys, released, unsigned):
    """Return why a bundle is not let in, "" if it is.

    found: what `judged` says; required: the device wants a verified signature; released: what runs is a release, which
    does not believe the development key; unsigned: NOBODY, ASKED or CABLE.
    """
    if found == "active" or (found == "development" and not released):
        return ""
    word, _, id = found.partition(" ")
    if word == "development":
        return "is by the development key, which a release does not take"
    if word == "retired":
        return "is by the key %s, which is retired" % id
    if word == "wrong":
        return "is not that of the key which it names"
    cannot = "is missing"
    if word == "unknown" and has_keys:
        cannot = "is by the key %s, which this device does not know" % id
    elif word == "unknown":
        cannot = "cannot be checked: " + _NO_KEYS
    if required and (has_keys or unsigned != CABLE):
        return cannot + (", and require_signature is on" if word == "missing" else "")
    if not unsigned:
        return cannot + ", and nobody said that this bundle is wanted all the same"
    return ""
