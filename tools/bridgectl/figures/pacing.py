"""Measures planner and pacing against simulated slaves in virtual time; prints as bridgectl.figures does.

The line is 9600 8N1; the simulated master sleeps and measures in whole milliseconds. The slaves stand in
host_tests/rigs/unix/slaves.py, where the tests use them too.
"""

import json
import sys

from bridgectl import firmware

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

from modbus.pace import plan, planner  # noqa: E402 (importable only now)
from modbus.pace.pacing import Pacing  # noqa: E402
from slaves import CHARACTER_US, SILENCE_US, Line, Meter  # noqa: E402

# The set of the requirement: SDM230, 14 values of two registers.
SDM230 = [(a, 2, 1000) for a in (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)]
LONGEST = 60
LONGEST_PROBED = 80  # the two-read plan at 50 ms needs a read of 80 registers
_LEARN_S = 400
_MEASURE_S = 600
_DAY_S = 86400


def _timing(think_us):
    return plan.Timing(CHARACTER_US, SILENCE_US, think_us)


class Poll:
    """One slave's reads over and over, as planner and pacing say."""

    def __init__(self, think_us, need_us=0, longest=LONGEST):
        self.pacing = Pacing(SILENCE_US)
        self.line = Line(Meter(think_us, need_us), self.pacing)
        self.planner = planner.Planner(lambda: SDM230, longest, plan.Timing(CHARACTER_US, SILENCE_US))
        self._considered_s = 0

    def run(self, seconds):
        """Poll for so long; return (whole cycles, us they took, requests lost for want of rest or patience)."""
        line = self.line
        start_us, lost, cycles = line.now_us, line.induced + line.impatient, 0
        while line.now_us - start_us < seconds * 1000000:
            for _, count, _ in self.planner.reads:
                line.exchange(count)
            cycles += 1
            if line.now_us // 1000000 > self._considered_s:
                self._considered_s = line.now_us // 1000000
                pacing = self.pacing
                now = line.now_us // 1000
                self.planner.consider(pacing.think_us(), pacing.rest_us(), pacing.errors_ppm(), now)
        return cycles, line.now_us - start_us, line.induced + line.impatient - lost


def wire_efficiency(think_ms):
    """Return the least bus time of the set over the measured time of a cycle, once the slave is known."""
    poll = Poll(1000 * think_ms)
    poll.run(_LEARN_S)
    cycles, took_us, _ = poll.run(_MEASURE_S)
    timing = _timing(1000 * think_ms)
    return cycles * plan.cycle_us(plan.schedule(SDM230, LONGEST, timing), timing) / took_us


def plan_ms(think_ms):
    """Return (bus time in ms, reads) of the best plan with the longest read that a probed SDM230 allows."""
    timing = _timing(1000 * think_ms)
    reads = plan.schedule(SDM230, LONGEST_PROBED, timing)
    return plan.cycle_us(reads, timing) / 1000, len(reads)


def slow_slave():
    """Return requests lost for want of rest by a slave that needs 600 ms of it: (while learning, in the day after)."""
    poll = Poll(20000, 600000)
    return poll.run(_LEARN_S)[2], poll.run(_DAY_S)[2]


def _say(figure, value, unit, how):
    print(json.dumps({"figure": figure, "value": value, "unit": unit, "how": how}), flush=True)


def main():
    for think_ms in (5, 20, 50):
        how = f"simulated 9600 8N1 line, slave answers in {think_ms} ms: least bus time / measured cycle, SDM230 set"
        _say(f"wire_efficiency_model_ts{think_ms}", round(wire_efficiency(think_ms), 4), "", how)
    for think_ms in (10, 20, 50):
        ms, reads = plan_ms(think_ms)
        how = f"{reads} reads of at most {LONGEST_PROBED} registers, 9600 8N1, think time {think_ms} ms"
        _say(f"plan_sdm230_ms_ts{think_ms}", round(ms), "ms", how)
    learning, steady = slow_slave()
    how = "slave that loses requests unless it gets 600 ms of rest, no setting: "
    _say(
        "induced_timeouts_slow_slave_model", steady, "", how + f"requests lost in a day after {_LEARN_S} s of learning"
    )
    _say("induced_timeouts_slow_slave_model_learning", learning, "", how + f"requests lost in the first {_LEARN_S} s")


if __name__ == "__main__":
    main()
