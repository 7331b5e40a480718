"""What the text of one setting must look like, beyond its length. In a board's memory only while such a one is checked."""

from micropython import const

# name, characters that must not be in it, and what that means to whoever typed one.
_MARKS = (
    ("mqtt_host", " /:@", "must be a name or an address alone; the port and the user are settings of their own"),
    ("mqtt_prefix", "+#$", "must not contain +, # or $"),
    ("mqtt_discovery", "+#$", "must not contain +, # or $"),
)
_SHORTEST_KEY = const(8)
_LONGEST_KEY = const(63)  # IEEE 802.11, annex J: a pass phrase; else 64 digits, the key itself
_HEXADECIMAL = b"0123456789abcdefABCDEF"
# First parts of the names in the IANA list; the whole list has 600 names and stays on the PC.
_REGIONS = " Africa America Antarctica Arctic Asia Atlantic Australia Etc Europe Indian Pacific "
_ZONE_MARKS = b"/_+-"


def refusal(name, value, raw):
    """Return why a text is not allowed for a setting, or None. raw: its bytes."""
    if name == "wlan_password":
        return _key_refusal(raw)
    if name == "time_zone":
        return _zone_refusal(value)
    if name == "grid_drm":
        return _drm_refusal(value)
    if name == "plant_host":
        return _address_refusal(value)
    for of, marks, rule in _MARKS:
        if of == name and any([mark in value for mark in marks]):
            return rule
    return None


def _key_refusal(raw):
    """Return why bytes are no key of a WLAN, or None; none at all stands for an open network."""
    if not raw or (_SHORTEST_KEY <= len(raw) <= _LONGEST_KEY and max(raw) < 127):
        return None
    if len(raw) > _LONGEST_KEY and all([byte in _HEXADECIMAL for byte in raw]):
        return None
    return "must be 8 to 63 characters of ASCII, or 64 hexadecimal digits, or nothing for an open network"


def _zone_refusal(value):
    """Return why a text has not the form of a name of the IANA list, or None; nothing is allowed."""
    region, _, place = value.partition("/")
    known = " %s " % region in _REGIONS and place and "//" not in value + "/"
    if not value or value == "UTC" or (known and all([byte in _ZONE_MARKS or _plain(byte) for byte in value.encode()])):
        return None
    return "must be a name of the IANA list, like Europe/Berlin"


def _drm_refusal(value):
    """Return why a text of four is not the demand-response modes of DI1..DI4, or None."""
    modes = value.replace("-", "")
    if modes.strip("012345678") or not modes:
        return "must name the mode of DI1 to DI4 in turn, each 0 to 8, or - for none"
    return "must not name a mode twice" if len(set(modes)) < len(modes) else None


def _plain(byte):
    """Return True for the byte of an ASCII letter or digit."""
    return 97 <= byte <= 122 or 65 <= byte <= 90 or 48 <= byte <= 57


def _address_refusal(value):
    """Return why a text is no address of four numbers, with or without a port, or None; nothing is allowed."""
    address, colon, port = value.partition(":")
    parts = address.split(".")
    good = len(parts) == 4 and all([0 < len(part) < 4 and part.isdigit() and int(part) < 256 for part in parts])
    good = good and (not colon or (port.isdigit() and 0 < int(port) < 65536))
    return None if good or not value else "must be an address such as 192.168.1.50 or 192.168.1.50:1502, or nothing"
