"""What firmware may ask of the rp2 module."""

_country = "XX"


def country(code=None):
    global _country
    if code is None:
        return _country
    _country = code


def bootsel_button():
    return 0
