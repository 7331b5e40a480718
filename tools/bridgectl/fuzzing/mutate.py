"""Seeded inputs: random bytes, and good ones that are damaged."""

import json

_EDGES = (0, 1, 2, 3, 4, 7, 8, 0x0A, 0x0D, 0x20, 0x7F, 0x80, 0x81, 0xC0, 0xF7, 0xFE, 0xFF)
_WORDS = (0, 1, 2, 0x7D, 0x7E, 0xFF, 0x100, 0x7D0, 0x7D1, 0x7FFF, 0x8000, 0xFF00, 0xFFFE, 0xFFFF)
# What JSON of strangers holds.
_ODD = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**31,
    -(2**63),
    2**70,
    1.5,
    -0.0,
    1e300,
    "",
    "x",
    "ä€😀",
    "\x00",
    "\x1f\n",
    "\ud800",
)
_TEXTS = (
    '"\\uZZZZ"',
    '"\\ud800"',
    '"\\',
    '"\x00"',
    "1e999",
    "-",
    "[" * 300,
    "{" * 300,
    "nul",
    "\xff",
    '{"a"',
    ":",
    ",",
)


def octets(rng, most):
    """Return random bytes, short ones more often."""
    return rng.randbytes(rng.randint(0, rng.choice((3, 16, most, most))))


def edge(rng):
    """Return a byte that breaks more often than others."""
    return rng.choice(_EDGES) if rng.random() < 0.7 else rng.randrange(256)


def word(rng):
    """Return two bytes that break more often than others."""
    value = rng.choice(_WORDS) if rng.random() < 0.6 else rng.randrange(0x10000)
    return value.to_bytes(2, "big")


def damaged(rng, data, most=3):
    """Return data with 1..most faults: flipped, cut, doubled, inserted, overwritten, moved."""
    out = bytearray(data)
    for _ in range(rng.randint(1, most)):
        _FAULTS[rng.randrange(len(_FAULTS))](rng, out)
    return bytes(out)


def spliced(rng, first, second):
    """Return the front of one and the end of the other."""
    return first[: rng.randint(0, len(first))] + second[rng.randint(0, len(second)) :]


def maybe(rng, data, often=0.5):
    """Return data, damaged as often as said."""
    return damaged(rng, data) if rng.random() < often else data


def chunks(rng, data, waits=False):
    """Return data cut as for chip/line.py: gap in ms, count, bytes.

    waits: the first piece follows a request of ours, a later one seldom does.
    """
    out = b""
    chance = 1.0
    while data:
        count = min(len(data), rng.choice((1, 3, 8, 25, 64, 255)))
        gap_ms = rng.choice((0, 0, 0, 1, 3, 6, 20, 60, 127))
        out += bytes((gap_ms | (0x80 if waits and rng.random() < chance else 0), count)) + data[:count]
        data = data[count:]
        chance = 0.1
    return out


def text(rng, most):
    """Return a text of characters that hardly come twice."""
    low, high = rng.choice(((0x20, 0x7F), (0xA0, 0x800), (0x4E00, 0x9FFF), (0x1F300, 0x1FAFF)))
    return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(0, most)))


def piece_size(rng):
    """Return the size of the pieces that a stream comes in, as the byte that chip/pieces.py takes."""
    return bytes((rng.choice((1, 2, 7, 48, 255, 255)),))


def json_value(rng, names, depth=3):
    """Return a value as JSON could bring it, names of ours among its keys."""
    roll = rng.random()
    if depth == 0 or roll < 0.5:
        return (
            rng.choice(_ODD)
            if rng.random() < 0.6
            else rng.choice((rng.randint(-9, 99), "y" * rng.randint(0, 70), text(rng, 20)))
        )
    if roll < 0.6:
        return [json_value(rng, names, depth - 1) for _ in range(rng.randint(0, 4))]
    keys = [rng.choice(names) if rng.random() < 0.8 else str(rng.choice(_ODD)) for _ in range(rng.randint(0, 5))]
    return {key: json_value(rng, names, depth - 1) for key in keys}


def json_bytes(rng, value):
    """Return a value as JSON, often damaged as text or as bytes."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    roll = rng.random()
    if roll < 0.15:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(_TEXTS) + text[at + rng.randint(0, 3) :]
    data = text.encode(errors="surrogatepass")
    return damaged(rng, data) if roll > 0.75 else data


def _flip(rng, out):
    if out:
        at = rng.randrange(len(out))
        out[at] ^= 1 << rng.randrange(8)


def _cut(rng, out):
    at = rng.randint(0, len(out))
    if rng.random() < 0.5:
        del out[at:]
    else:
        del out[at : at + rng.randint(1, 4)]


def _double(rng, out):
    at = rng.randint(0, len(out))
    end = min(len(out), at + rng.randint(1, 40))
    out[at:at] = out[at:end]


def _insert(rng, out):
    at = rng.randint(0, len(out))
    out[at:at] = bytes(edge(rng) for _ in range(rng.randint(1, 4)))


def _overwrite(rng, out):
    if out:
        out[rng.randrange(len(out))] = edge(rng)


def _overwrite_word(rng, out):
    if len(out) >= 2:
        at = rng.randrange(len(out) - 1)
        out[at : at + 2] = word(rng)


def _move(rng, out):
    if len(out) > 2:
        at, end = sorted((rng.randrange(len(out)), rng.randrange(len(out))))
        part = out[at:end]
        del out[at:end]
        at = rng.randint(0, len(out))
        out[at:at] = part


_FAULTS = (_flip, _flip, _cut, _double, _insert, _overwrite, _overwrite, _overwrite_word, _move)
