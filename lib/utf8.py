"""Whether bytes are UTF-8: MicroPython's texts may hold what is not, and a loop over one keeps each new character for ever.

Source: The Unicode Standard, table 3-7.
"""


def well_formed(buffer):
    """Return True if buffer is UTF-8: nothing cut off, no longer form than needed, no surrogate, nothing past U+10FFFF."""
    at, end = 0, len(buffer)
    while at < end:
        first = buffer[at]
        at += 1
        if first < 0x80:
            continue
        if not 0xC2 <= first <= 0xF4:
            return False
        more = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        if at + more > end:
            return False
        second = buffer[at]
        if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
            return False
        if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
            return False
        for i in range(at, at + more):
            if buffer[i] & 0xC0 != 0x80:
                return False
        at += more
    return True
