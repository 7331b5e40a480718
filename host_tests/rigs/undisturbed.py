"""Lets tests that wait for real lines and clocks go before whatever else the machine does.

With the scheduler's real-time class a test, the threads and the processes that it starts run as soon as they have
something to do, beside any number of busy programs: they wait most of the time, so nobody misses much. Where that is not
allowed (it takes CAP_SYS_NICE), they run as all others do.
"""

import contextlib
import os
import re

_PRIORITY = 1  # the lowest of the class is above everything outside it

# Who imports one of these keeps real time: lines on pseudo-terminals, peers on loopback, processes that are waited for.
_KEEPERS = re.compile(
    r"^\s*(?:from|import) (?:bridgectl\.site\.wire|ptys|portal_rig|gateway_process|server_process|brokers|uplink_rig"
    r"|bench_lines|modbus_peers|slow_meter|bridgectl\.run|bridgectl\.bench)\b",
    re.M,
)


def keeps_real_time(source):
    """Return True if a test module of this text depends on the real clock."""
    return _KEEPERS.search(source) is not None


@contextlib.contextmanager
def first():
    """Run in the real-time class inside the context, with all that is started in it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):  # another system, or not allowed
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
