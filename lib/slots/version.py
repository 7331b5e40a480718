"""Version numbers, and what a bundle is refused with: the part of the rules that is needed without a bundle.

Apart from bundle.py so that a device holds the rest in memory only while an update comes in.
"""

from micropython import const

_MAX_TEXT = const(40)  # characters


class Refused(Exception):
    """A bundle breaks a rule. `field`: what is wrong; `rule`: what it should be; text: both."""

    def __init__(self, field, rule):
        super().__init__(field + ": " + rule)
        self.field = field
        self.rule = rule


def version_key(version):
    """Return the number a.b.c of a version text as a tuple, to compare; "-..." or "+..." behind it does not count.

    Raises Refused if it is no version.
    """
    text = version if isinstance(version, str) and len(version) <= _MAX_TEXT else ""
    for mark in "-+":
        text = text.split(mark)[0]
    parts = text.split(".")
    if len(parts) != 3 or not all(0 < len(p) < 7 and only(p, b"0123456789") for p in parts):
        raise Refused("version", "must be three numbers like 1.2.3")
    return tuple([int(p) for p in parts])


def only(text, characters):
    """Return True if text has no other characters; characters: ASCII, as bytes."""
    return all(c in characters for c in text.encode())  # by bytes: a character met in a loop stays in memory for ever
