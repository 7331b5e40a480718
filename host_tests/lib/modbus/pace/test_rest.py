"""lib/modbus/pace/rest.py: its table is the one of the README, and it rests as it always has on frozen traces."""

import zlib

import pytest
from bridgectl import firmware

firmware.load()

from modbus.pace import rest  # noqa: E402

# seed: (rest at the end in us, CRC-32 of all rests of the trace), taken before the search became a table
FROZEN = {
    1: (3644, 0x64965C3F),
    2: (632324, 0xFF5B40CB),
    3: (6104, 0xD1119D53),
    4: (1000000, 0xA60535E6),
    5: (3644, 0x9D5997E7),
    6: (1000000, 0xF840D8E3),
    7: (17123, 0x40BA1EC3),
    8: (632324, 0x18F0385D),
    9: (3644, 0x1ADDEB3E),
    10: (57023, 0x618D7717),
    11: (200000, 0x9A4AADFE),
    12: (134657, 0xF29A1ECA),
    13: (57023, 0xA63EB480),
    14: (632324, 0xB0A60EFF),
    15: (57023, 0xE7DA4652),
    16: (267775, 0xD7A58CD3),
}
ACTIONS = ("_STAY", "_CLIMB", "_ANEW", "_REFUSE", "_ACCEPT", "_JUDGE", "_SKIP", "_TRY", "_WATCH")
_NEEDS_US = (0, 0, 5000, 50000, 300000, 600000, 2000000)
_LATER_MS = (50, 50, 100, 5000, 60000)


class Chance:
    """Numbers that look like chance and are the same everywhere."""

    def __init__(self, seed):
        self._state = seed

    def below(self, end):
        self._state = (1103515245 * self._state + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % end


def trace(seed, kind=rest.Rest):
    """Return the rests in us that a slave with a changeful life got in 3000 exchanges."""
    chance = Chance(seed)
    search = kind(3644, (1000000, 200000)[seed % 2])
    needed_us, loses_pct, dead, now = 0, 100, 0, chance.below(1 << 29)
    rests_us = []
    for _ in range(3000):
        if not chance.below(100):
            needed_us, loses_pct = _NEEDS_US[chance.below(7)], (100, 100, 50, 10)[chance.below(4)]
        if not chance.below(200):
            dead = (1, 2, 3, 5, 50)[chance.below(5)]
        rest_us = search.rest_us()
        rests_us.append(rest_us)
        rest_us += (0, 0, 1000, 100000)[chance.below(4)]
        now = (now + rest_us // 1000 + _LATER_MS[chance.below(5)]) % (1 << 30)
        roll = chance.below(100)
        if roll == 0:
            search.broken()
        elif roll == 1:
            search.changed(now)
        elif dead or (rest_us < needed_us and chance.below(100) < loses_pct) or roll == 2:
            dead = max(0, dead - 1)
            search.lost(rest_us)
        else:
            search.answered(rest_us, now)
    return rests_us


@pytest.mark.parametrize("seed", FROZEN)
def test_the_rests_of_a_changeful_life_are_what_they_always_were(seed):
    rests_us = trace(seed)
    crc = zlib.crc32(b"".join(us.to_bytes(4, "big") for us in rests_us))
    assert (rests_us[-1], crc) == FROZEN[seed]


def test_the_table_is_that_of_the_readme():
    lines = (firmware.ROOT / "lib" / "modbus" / "pace" / "README.md").read_text().splitlines()
    first = lines.index("|---|---|---|---|") + 1
    words = [line.split(" | ")[1:] for line in lines[first : first + 5]]
    letters = {name[1:].lower(): chr(value) for name, value in vars(rest).items() if name in ACTIONS} | {"lower": "l"}
    assert b"".join(bytes(letters[word.strip("| ")], "ascii") for row in words for word in row) == rest._ACTIONS
    assert (rest._TRIED, rest._OPEN, rest._LEAST) == (0, 1, 2)
    assert (rest._PASSED, rest._LONGER, rest._WORSE, rest._CHANGED, rest._BACK) == (0, 3, 6, 9, 12)
