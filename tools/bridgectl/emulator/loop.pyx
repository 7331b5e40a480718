# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The emulator's loop over instructions, typed to its bottom: that of the wheel asks Python objects four things for each one.

The same instructions at the same times: an instruction, the clock to its end, both PIOs up to it. `stopped` is looked at
after each alarm, for only an alarm sets it here, and at each begin. An instruction of 16 bits is fetched and a branch of
them decided here; what it does else, and the long ones, is the wheel's.
"""

from rp2040py.native._cortex_m0_core cimport DISPATCH_TABLE, CortexM0Core, OpHandler
from rp2040py.native._pio cimport RPPIO
from rp2040py.native._rp2040 cimport RP2040
from rp2040py.native._simulation_clock cimport SimulationClock

cdef double CYCLE_NS = 1e9 / 125_000_000
cdef long MOST = 1_000_000  # instructions, then Python has its turn: a person may press Ctrl-C
cdef enum:
    FLASH = 0x10000000
    RAM = 0x20000000
    FIRST_LONG = 0xE800  # instructions from here on are 32 bits long
    BRANCHES = 0xD
    ALWAYS = 14  # conditions below are conditions


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
    cdef unsigned char[:] flash = mcu._flash
    cdef unsigned char[:] ram = mcu._sram
    cdef _Memory memory
    memory.flash, memory.flash_bytes = &flash[0], <unsigned int>len(flash)
    memory.ram, memory.ram_bytes = &ram[0], <unsigned int>len(ram)
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
            cycles = _step(core, &memory)
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


cdef struct _Memory:
    unsigned char *flash
    unsigned char *ram
    unsigned int flash_bytes
    unsigned int ram_bytes


cdef inline int _step(CortexM0Core core, _Memory *memory) except -1:
    """Execute an instruction; return its cycles."""
    cdef unsigned int *registers = &core.registers[0]
    cdef unsigned int address = registers[15] & 0xFFFFFFFEu
    cdef unsigned int opcode
    cdef int cycles
    cdef OpHandler handler
    if address - FLASH < memory.flash_bytes:
        opcode = (<unsigned short *>(memory.flash + (address - FLASH)))[0]
    elif address - RAM < memory.ram_bytes:
        opcode = (<unsigned short *>(memory.ram + (address - RAM)))[0]
    else:
        return core.execute_instruction()
    if core.interrupts_updated or opcode >= FIRST_LONG:
        return core.execute_instruction()
    if opcode >> 12 == BRANCHES and opcode >> 8 & 15 < ALWAYS:
        cycles = 1
        registers[15] += 2
        if _holds(core, opcode >> 8 & 15):
            registers[15] += 2 * <int><signed char>(opcode & 0xFF) + 2
            cycles = 2
    else:
        handler = DISPATCH_TABLE[opcode]
        if handler == NULL:
            return core.execute_instruction()
        registers[15] += 2
        cycles = handler(core, opcode, 0, address)
    core.cycles += cycles
    return cycles


cdef inline bint _holds(CortexM0Core core, unsigned int condition) noexcept:
    """Return whether a branch is taken; each odd condition is the opposite of the one before."""
    cdef unsigned int kind = condition >> 1
    cdef bint found
    if kind == 0:
        found = core.z
    elif kind == 1:
        found = core.c
    elif kind == 2:
        found = core.n
    elif kind == 3:
        found = core.v
    elif kind == 4:
        found = core.c and not core.z
    elif kind == 5:
        found = core.n == core.v
    else:
        found = core.n == core.v and not core.z
    return found != (condition & 1)


cdef inline int _advance(RPPIO pio, long long cycles) except -1:
    if not pio.stopped:
        pio.cycle_fp += cycles << 8
        if pio.cycle_fp >= pio.next_due_fp:
            pio._run_due()
    return 0
