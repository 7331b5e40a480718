# heap: 4m
"""A request that fails takes no other one along, and neither a copy nor a late exception becomes its answer."""

import asyncio

from modbus.master import master, reply
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import functions, rtu
from wire import Line, frame

SILENCE_US = rtu.silence_us(9600, "N")


def _value(address, count=2):
    """Return the reply to a read: every register is the address."""
    return frame("0104%02x" % (2 * count) + "%04x" % address * count)


class Rig:
    """A master and a slave that is asked for (address, quantity) every half second; results by address."""

    def __init__(self, answer, asked, every_ms=500):
        """answer(address, quantity, place): [(us, frame)] or None, place counts the requests."""
        self.asked = []

        def take(sent):
            self.asked.append((sent[2] << 8 | sent[3], sent[5]))
            return answer(self.asked[-1][0], sent[5], len(self.asked) - 1)

        self.bus = master.Master(Line(take), 9600, "N")
        self.slave = Slave(1, Pacing(SILENCE_US))
        self.good, self.wrong, self.refused = {}, [], []
        self.links = set()
        for address, quantity in asked:
            self.bus.add(Job(self.slave, self._done, every_ms).read(functions.READ_INPUT, address, quantity))

    def _done(self, job, status, got, at, count):
        if status > 0:
            self.refused.append((job.address, status))
        if status == rtu.OK:
            value = got[at + 2] << 8 | got[at + 3]
            if value == job.address:
                self.good[value] = self.good.get(value, 0) + 1
            else:
                self.wrong.append((job.address, value))

    def run(self, seconds):
        async def main():
            task = asyncio.create_task(self.bus.run(lambda: None))
            for _ in range(10 * seconds):
                await asyncio.sleep_ms(100)
                self.links.add(self.slave.link())
            task.cancel()

        asyncio.run(main())
        return self


def _answered(address, quantity, place):
    return [(20000, _value(address, quantity))]


def test_a_read_without_an_answer_leaves_the_others_their_pace_and_the_link_alive():
    """Proves: REL-1+"""
    for deaf in (0, 100, 200):

        def answer(address, quantity, place, deaf=deaf):
            return None if address == deaf else _answered(address, quantity, place)

        r = Rig(answer, ((0, 4), (100, 6), (200, 4))).run(120)
        assert deaf not in r.good
        assert min([r.good[a] for a in (0, 100, 200) if a != deaf]) > 140, r.good
        asked = len([a for a, n in r.asked if a == deaf and n in (4, 6)])
        assert 5 <= asked <= 12, asked  # at once, then after 1, 2, 4 ... 60 s
        assert r.links <= {"starting", "ok"}, r.links


def test_a_silent_slave_is_silent_and_all_its_requests_are_asked_when_it_is_back():
    """Proves: REL-1+"""
    r = Rig(lambda a, n, i: None if 20 <= i < 28 else _answered(a, n, i), ((0, 4), (100, 6), (200, 8)))
    r.run(60)
    assert "silent" in r.links
    assert r.slave.link() == "ok" and min(r.good.values()) > 15 and len(r.good) == 3, r.good


def test_a_slave_that_says_each_answer_twice_is_waited_for():
    """Proves: SEN-4+"""
    for later_ms in (60, 200, 450):

        def answer(address, quantity, place, later_ms=later_ms):
            return [(35000, _value(address, quantity)), (35000 + 1000 * later_ms, _value(address, quantity))]

        r = Rig(answer, ((342, 4), (384, 4), (24, 4))).run(60)
        assert r.wrong == [], (later_ms, r.wrong)
        assert min(r.good.values()) > 30, (later_ms, r.good)


def test_one_stray_frame_does_not_slow_a_slave_down_for_long():
    r = Rig(
        lambda a, n, i: _answered(a, n, i) + ([(300000, _value(a, n))] if i == 0 else []), ((342, 4), (384, 4))
    ).run(60)
    assert r.wrong == [] and min(r.good.values()) > 100, r.good


def test_a_late_exception_refuses_no_other_read():
    """Proves: SEN-4+"""

    def answer(address, quantity, place):
        if address == 100 and quantity == 6:
            return [(1250000, frame("018402"))]  # it gives up after the time-out
        return _answered(address, quantity, place)

    r = Rig(answer, ((100, 6), (200, 4), (300, 8))).run(60)
    assert [a for a, _ in r.refused if a != 100] == []
    assert r.good[200] > 30 and r.good[300] > 30, r.good
    assert r.bus.counts[reply.LATE] > 0


def test_a_slave_that_refuses_everything_after_a_lost_answer_is_believed():
    r = Rig(lambda a, n, i: None if i == 1 else [(20000, frame("018401"))], ((100, 6), (200, 4))).run(20)
    assert {(100, 1), (200, 1)} == set(r.refused) and len(r.refused) > 50
