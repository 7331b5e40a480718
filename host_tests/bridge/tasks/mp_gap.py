# heap: 2m
# An erase of the flash beside full buses: no answer is lost in it.
import asyncio
import time

from bridge.ports.port import Port
from bridge.tasks import buses
from modbus.master import master
from modbus.master.job import Job
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import rtu
from wire import Line, frame

SILENCE_US = rtu.silence_us(9600, "N")


class DeafLine(Line):
    """A line whose bytes are lost while no interrupt is served."""

    lost = 0

    def erase(self, until_us):
        """Lose what would come until then."""
        before = len(self.coming)
        now = self._us()
        self.coming = [row for row in self.coming if not now <= row[0] < until_us]
        self.lost += before - len(self.coming)


class OnePort(Port):
    def hold(self, on):
        return self.bus.hold(on)


class TwoPorts:
    """What Ports.gap needs of the ports: their objects."""

    gap = buses.Ports.gap

    def __init__(self, *ports):
        self.objects = list(ports)


def _answer(asked):
    return [(15000, frame("%02x%02x%02x" % (asked[0], asked[1], 2 * asked[5]) + "0001" * asked[5]))]


def _silent(asked):
    return ()


def _erased(erase_ms, in_gap, far_end=_answer):
    """Erase each 100 ms for a minute beside two full buses; return (erases, bytes lost, statuses, longest wait in ms)."""
    lines, ports, statuses = [], [], []
    for _ in range(2):
        line = DeafLine(far_end)
        bus = master.Master(line, 9600, "N")
        slave = Slave(1, Pacing(SILENCE_US, SILENCE_US, most_ms=300))
        for address in (0, 100):
            bus.add(Job(slave, lambda job, status, *_: statuses.append(status), 50).read(4, address, 20))
        lines.append(line)
        ports.append(OnePort(bus, slave))
    both = TwoPorts(ports[0], None, ports[1])
    waits = []

    async def main():
        tasks = [asyncio.create_task(port.bus.run(lambda: None)) for port in ports]
        while time.passed_ms() < begun + 60_000:
            await asyncio.sleep_ms(100)
            at = time.passed_ms()
            if in_gap:
                await both.gap()
            waits.append(time.passed_ms() - at)
            for line in lines:
                line.erase((time.passed_ms() + erase_ms) * 1000)
            time.pass_us(erase_ms * 1000)
        for task in tasks:
            task.cancel()

    begun = time.passed_ms()
    asyncio.run(main())
    return len(waits), sum(line.lost for line in lines), statuses, max(waits)


def test_an_erase_in_a_gap_loses_no_answer_though_both_buses_are_full():
    for erase_ms in (45, 400):
        erases, lost, statuses, longest_ms = _erased(erase_ms, True)
        assert erases > 60 and len(statuses) > 200
        assert lost == 0 and set(statuses) == {0}, (erase_ms, lost)
        assert longest_ms <= 300  # of an answer on each bus, 15 ms and 45 characters, and what is on its way before


def test_without_a_gap_the_same_erases_lose_answers():
    _, lost, statuses, _ = _erased(45, False)
    assert lost > 100 and set(statuses) != {0}


def test_a_slave_that_never_answers_holds_up_a_write_for_a_second_at_most():
    _, _, _, longest_ms = _erased(45, True, _silent)
    assert longest_ms <= 1100
