# heap: 8m
"""What the finder says of lines on which something is wrong, on a line bit by bit and on the virtual clock."""

import time

from bridge.devices import signatures
from finder_wire import FarEnd, Wire, now_us
from modbus.find import finder
from modbus.find import order as plan
from modbus.wire import crc, functions, rtu
from overheard import Random

METER = bytes.fromhex("4366333400000000000000003f800000")


def answer(unit, volts=METER):
    """Return a slave that has volts everywhere; answers as long as they are asked for."""

    def reply(frame):
        if frame[0] != unit or not crc.intact(frame, 0, 8):
            return None
        body = (volts * 16)[: 2 * frame[5]]
        out = bytearray(bytes((unit, frame[1], len(body))) + body + b"\x00\x00")
        crc.seal(out, len(out) - 2)
        return bytes(out)

    return reply


def talk(wire, baud, parity, seconds, every_ms=500, unit=3, inverted=False, start_ms=0):
    """Let another master and its slave talk for so long: two registers from 0, input registers."""
    request = bytearray(8)
    rtu.request(request, unit, functions.READ_INPUT, 0, 2)
    reply = answer(unit)(request)
    at = now_us() + 1000 * start_ms
    for _ in range(seconds * 1000 // every_ms):
        asked = wire.say(at, baud, parity, request, inverted)
        wire.say(asked.end_us + 30000, baud, parity, reply, inverted)
        at += 1000 * every_ms


async def search(wire):
    seeker = finder.Finder(wire.open, signatures.SIGNATURES)
    since = time.passed_ms()
    assert await seeker.search(lambda: None)
    return seeker, time.passed_ms() - since


async def test_another_master_is_heard_at_any_setting_and_nothing_is_sent():
    """Proves: SEN-5+"""
    for baud, parity in plan.SETTINGS:
        wire = Wire()
        talk(wire, baud, parity, 50)
        seeker, ms = await search(wire)
        assert wire.sent == []
        told = "N" if parity == "N" else "E"  # a UART that ignores wrong parity bits hears no difference to O
        assert [row[:4] for row in seeker.found] == [(baud, told, 3, "sdm230 or sdm120ct")], (
            baud,
            parity,
            seeker.found,
        )
        assert (parity == "N") != seeker.found[0][4].endswith("parity E or O, which listening cannot tell apart")
        assert len(seeker.faults) == 1
        assert "Another master talks at %d bps, parity %s" % (baud, told) in seeker.faults[0]
        assert "unit 3 (function 4)" in seeker.faults[0]
        assert ms < 60000


async def test_a_master_that_asks_once_a_second_is_heard():
    wire = Wire()
    talk(wire, 1200, "O", 50, 1000, start_ms=900)
    seeker, ms = await search(wire)
    assert wire.sent == [] and seeker.found[0][:3] == (1200, "E", 3)


async def test_a_master_that_seldom_asks_is_noticed_while_searching():
    for start_ms in (2100, 5000, 9000, 14300, 14777):
        wire = Wire()
        talk(wire, 9600, "N", 120, 2900, start_ms=start_ms)
        seeker, ms = await search(wire)
        assert len(seeker.faults) == 1 and "Another master talks at 9600 bps, parity N" in seeker.faults[0], (
            start_ms,
            seeker.faults,
        )
        assert ms < 100000


async def test_a_dead_line_is_named_within_the_bound():
    wire = Wire()
    seeker, ms = await search(wire)
    assert seeker.found == [] and len(seeker.faults) == 1
    assert (
        seeker.faults[0].startswith("No device answered at 1200 to 9600 bps") and "exchange A and B" in seeker.faults[0]
    )
    assert ms <= plan.total_ms()
    asked = {(baud, parity, frame[0]) for _, baud, parity, frame in wire.sent}
    assert len(asked) == 12 * 247


async def test_a_swapped_slave_on_a_line_with_bias_of_its_own_is_named():
    """Proves: SEN-5+"""
    wire = Wire((FarEnd(answer(1), 9600, "N", inverted=True),), rest=0)
    seeker, _ = await search(wire)
    assert seeker.found == []
    assert "rests at the wrong level. A and B are most likely swapped" in seeker.faults[0]


async def test_swapped_wires_beside_another_master_are_named_and_nothing_is_sent():
    """Proves: SEN-5+"""
    for baud, parity, rest in ((9600, "N", 1), (9600, "N", 0), (2400, "E", 1), (1200, "O", 0), (4800, "N", 1)):
        wire = Wire(rest=rest)
        talk(wire, baud, parity, 50, inverted=True)
        seeker, _ = await search(wire)
        assert wire.sent == [] and seeker.found == []
        assert len(seeker.faults) == 1 and "A and B are most likely swapped" in seeker.faults[0]


async def test_two_slaves_at_one_address_are_named_and_the_search_ends_soon():
    """Proves: SEN-5+"""
    for unit in (1, 77):
        two = (FarEnd(answer(unit), 9600, "N", 20000), FarEnd(answer(unit, b"\x43\x65\x00\x01" * 4), 9600, "N", 20400))
        seeker, ms = await search(Wire(two))
        assert seeker.found == []
        assert "two devices with address %d answer at once" % unit in seeker.faults[0], seeker.faults
        assert ms < 40000


async def test_a_stray_byte_hides_no_meter():
    wire = Wire((FarEnd(answer(60), 9600, "N"),))
    wire.say(now_us() + 200000, 9600, "N", b"\x5a")
    wire.say(now_us() + 6500000, 9600, "N", b"\x5a")
    seeker, _ = await search(wire)
    assert [row[:3] for row in seeker.found] == [(9600, "N", 60)]


async def test_noise_is_named_and_the_likely_addresses_are_searched_all_the_same():
    wire = Wire((FarEnd(answer(9), 2400, "N"),))
    for i in range(200):
        wire.say(now_us() + 300000 + 371000 * i, 9600, "N", bytes((i * 77 & 0xFF | 1,)))
    seeker, ms = await search(wire)
    assert [row[:3] for row in seeker.found] == [(2400, "N", 9)]
    assert "noise on the line" in seeker.faults[0]


async def test_a_search_can_be_stopped():
    seeker = finder.Finder(Wire().open, signatures.SIGNATURES)
    since = time.passed_ms()

    def beat():
        seeker.stopped = time.passed_ms() - since > 20000

    assert not await seeker.search(beat)
    assert time.passed_ms() - since < 22000


def rubbish(seed):
    """Return a slave that answers with anything."""
    chance = Random(seed)

    def reply(frame):
        if chance.below(4) > seed & 3:
            return None
        if chance.below(3) == 0:  # our own request, a little wrong
            return bytes([byte ^ (1 << chance.below(8) if chance.below(9) == 0 else 0) for byte in frame])
        return bytes([chance.below(256) for _ in range(1 + chance.below(60))])

    return reply


def unreliable(good, seed):
    """Return a slave on a line with 1e-3 bit errors, in requests as in answers."""
    chance = Random(seed)

    def reply(frame):
        answered = good(frame)
        if answered is None or chance.below(1000) < 64:
            return None
        return bytes([byte ^ (1 << chance.below(8) if chance.below(125) == 0 else 0) for byte in answered])

    return reply


async def test_rubbish_for_answers_is_no_device_and_no_error():
    for seed in range(1, 13):
        far = FarEnd(rubbish(seed), 9600, "NEO"[seed % 3], 25000 * seed)
        seeker, ms = await search(Wire((far,)))
        assert seeker.found == [] and seeker.faults, seed
        assert ms < 400000, (seed, ms)


async def test_bit_errors_delay_a_find_and_bend_no_setting():
    found = 0
    for seed in range(1, 21):
        far = FarEnd(unreliable(answer(10 + seed), seed), 9600, "N")
        seeker, ms = await search(Wire((far,)))
        assert [row[:3] for row in seeker.found] in ([], [(9600, "N", 10 + seed)]), seeker.found
        found += len(seeker.found)
    print(found)
    assert found >= 17, found


async def test_one_address_given_twice_is_named_however_long_the_second_thinks():
    """Proves: SEN-5+"""
    for unit, first_us, second_us in ((1, 5000, 21000), (1, 20000, 45000), (2, 5000, 60000)):
        ends = [FarEnd(answer(unit), 9600, "N", us) for us in (first_us, second_us)]
        seeker, _ = await search(Wire(ends))
        assert "two devices with address %d" % unit in "; ".join(seeker.faults), (first_us, second_us, seeker.faults)


def sent_beside(wire):
    """Return how many requests left after the first frame of the other master was over."""
    first_us = wire.first.end_us
    return len([row for row in wire.sent if row[0] - 8 * rtu.character_us(row[1], row[2]) > first_us])


async def seldom(setting, every_ms, start_ms):
    """Return (wire, sentence) of a search beside a master that asks every so often."""
    wire = Wire()
    talk(wire, setting[0], setting[1], 3 * every_ms // 1000 + 180, every_ms, start_ms=start_ms)
    wire.first = wire.talks[0]
    seeker, _ = await search(wire)
    assert len(seeker.faults) == 1, seeker.faults
    return wire, seeker.faults[0]


async def test_beside_a_master_that_asks_seldom_nothing_is_sent_after_its_first_frame():
    """It is known for a master's at once where it is heard at its own speed; else what was asked just before is asked
    once more, for it may have been a garbled answer.

    Proves: SEN-5+
    """
    for setting, every_ms, start_ms, most in (
        ((9600, "N"), 5000, 1500, 0),
        ((9600, "N"), 20000, 2000, 2),
        ((2400, "N"), 20000, 3000, 2),
        ((9600, "N"), 60000, 4000, 2),
    ):
        wire, told = await seldom(setting, every_ms, start_ms)
        assert sent_beside(wire) <= most, (setting, every_ms, start_ms, sent_beside(wire))
        assert "Another master talks at %d bps, parity %s" % setting in told, told


async def test_a_seldom_master_that_comes_amid_a_sweep_is_heard_before_the_sweep_goes_on():
    """A sweep does not wait for answers: what comes has those asked again that may have answered, twice and no more.

    Proves: SEN-5+
    """
    for setting, every_ms, start_ms in (((9600, "N"), 2900, 33333), ((2400, "N"), 5000, 20500)):
        wire, told = await seldom(setting, every_ms, start_ms)
        baud, parity = [row for row in wire.sent if row[0] < wire.first.end_us][-1][1:3]
        assert sent_beside(wire) <= 2 * plan.suspects(baud, parity) + 4, (setting, sent_beside(wire))
        assert "Another master talks at %d bps, parity %s" % setting in told, told


async def test_a_seldom_masters_parity_is_told_as_it_is():
    for parity in "EO":
        _, told = await seldom((9600, parity), 5000, 2000)
        assert "Another master talks at 9600 bps, parity E" in told, (parity, told)
