"""`bridgectl pace --probe-longest`: how far it goes with slaves that answer, refuse, fall silent or die."""

import ptys
import pytest
from bench_lines import devices, measured, own_time  # noqa: F401 (a fixture)
from bridgectl.bench import pace, port, target
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from modbus.wire import crc

pytestmark = pytest.mark.usefixtures("own_time")


def test_the_longest_read_is_probed_and_planned_with():
    """Proves: BEN-1, SEN-2+"""
    meter = Meter(House())
    with ptys.Pair() as pair, devices(pair, meter):
        code, said = measured(pair.left, "--model", "sdm230", "--probe-longest", "--seconds", 1)
    assert (said["probed_longest"], said["longest"]) == (80, 80)
    assert "Longest read that was answered right: 80 registers; the plan uses it." in said["remarks"]
    assert said["refused"] == said["lost"]["learning"] == 0  # what probing asks in vain is no part of the pace


def probed(change, seen):
    """Return what probing finds with a slave that answers reads as `change` (registers -> bytes or None) says."""

    class Odd:
        def answer(self, frame):
            count = int.from_bytes(frame[4:6], "big")
            seen.append(count)
            return change(count)

    with ptys.Pair() as pair, devices(pair, Odd()), port.Line(pair.left) as line:
        work = pace.Pace(line, target.by_spans(1, 4, ["0:2"]))
        work.pacing = quick(work)
        work.probe_longest()
    return work


def quick(work):
    """Return a pacing without the long first waits."""
    return pace.Pacing(work.floor_us, work.floor_us, 100, 100)


def good(count):
    frame = bytearray([1, 4, 2 * count]) + bytes(2 * count + 2)
    crc.seal(frame, 3 + 2 * count)
    return bytes(frame)


def test_no_probe_is_longer_than_125_registers():
    """Proves: BEN-1"""
    seen = []
    work = probed(good, seen)
    # In steps of the values' two words, none of which a read may cut.
    assert (work.probed, max(seen), work.target.longest) == (124, 124, 124)


def test_a_slave_that_is_silent_to_long_reads_is_probed_with_care():
    """Proves: BEN-1"""
    seen = []
    work = probed(lambda count: good(count) if count <= 30 else None, seen)
    assert work.probed == work.target.longest == 30
    for before, after in zip(seen, seen[1:]):
        assert min(before, after) <= 30 or before == after  # after each loss it has to show that it lives


def test_a_slave_that_a_long_read_kills_is_not_asked_for_more():
    """Proves: BEN-1"""
    seen = []
    work = probed(lambda count: good(count) if max(seen) <= 60 else None, seen)
    assert work.probed == 60
    assert [n for n in seen if n > 60] == [124, 124]


def test_probing_stops_when_nobody_is_there():
    seen = []
    work = probed(lambda count: None, seen)
    assert (work.probed, work.target.longest) == (0, 60)
    assert set(seen) == {2}
