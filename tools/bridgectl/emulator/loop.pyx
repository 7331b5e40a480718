# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The emulator's loop over instructions, typed to its bottom: that of the wheel asks Python objects four things for each one.

The same instructions at the same times: an instruction, the clock to its end, both PIOs up to it. `stopped` is looked at
after each alarm, for only an alarm sets it here, and at each begin.
"""

from rp2040py.native._cortex_m0_core cimport CortexM0Core
from rp2040py.native._pio cimport RPPIO
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport SimulationClock

cdef double CYCLE_NS = 1e9 / 125_000_000
cdef long MOST = 1_000_000  # instructions, then Python has its turn: a person may press Ctrl-C


def execute_batch(simulator, int tick_batch):
    """Run a chip until its simulator is stopped, or for a million instructions. tick_batch: only 1, exact, is known."""
    cdef RP2040 mcu = simulator.rp2040
    cdef CortexM0Core core = mcu.core
    cdef SimulationClock clock = simulator.clock
    cdef RPPIO first = mcu.pio[0]
    cdef RPPIO second = mcu.pio[1]
    cdef double span_ns
    cdef long long cycles
    cdef long count = 0
    if tick_batch != 1:
        raise ValueError("exact ticks only")
    if mcu.run_pin_low or simulator.stopped:
        return
    while count < MOST:
        count += 1
        if core.waiting:
            span_ns = clock._next_alarm.nanos - clock._nanos_counter if clock._next_alarm is not None else 0.0
            cycles = <long long>(span_ns / CYCLE_NS) or 1
        else:
            cycles = core.execute_instruction()
            span_ns = cycles * CYCLE_NS
        if clock._next_alarm is None or clock._next_alarm.nanos > clock._nanos_counter + span_ns:
            clock._nanos_counter += span_ns
            _advance(first, cycles)
            _advance(second, cycles)
        else:
            clock.tick(span_ns)
            _advance(first, cycles)
            _advance(second, cycles)
            if simulator.stopped:
                return


cdef inline int _advance(RPPIO pio, long long cycles) except -1:
    if not pio.stopped:
        pio.cycle_fp += cycles << 8
        if pio.cycle_fp >= pio.next_due_fp:
            pio._run_due()
    return 0
