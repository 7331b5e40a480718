"""Tells an address from a host name."""


def is_address(text):
    """Return True if text is an address "a.b.c.d"."""
    parts = text.split(".")
    return len(parts) == 4 and all(0 < len(p) < 4 and p.isdigit() and int(p) < 256 for p in parts)
