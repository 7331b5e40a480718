"""The decoders of the RS485 ports. Each function returns one that takes an input and tells what was made of it.

No exception is typed here: whatever comes, these return.
"""

from bridgectl.fuzzing.chip import virtual
from bridgectl.fuzzing.chip.bank import Bank
from bridgectl.fuzzing.chip.line import Line

UNIT = 1
OBJECTS = ((0, b"Vendor"), (1, b"P"), (2, b"1.0"), (4, b"x" * 200), (5, b"y" * 100), (0x80, b"private"))
_STILL_MS = 700
_SETTLE_MS = 4000  # a listener has given up every request by then
_LOOK_MS = 20
_EXCHANGES = 8
_BUSY_MS = 2500
_SEARCH_MS = 30000


def rtu_reply():
    """In: unit, function, count, frame. Out: [status, registers of a good read]."""
    from modbus.wire import rtu

    def take(data):
        if len(data) < 3:
            return None
        unit, function, count = data[0], data[1], data[2]
        rtu.frame_length(data, 3, len(data), rtu.reply_length(function, count))
        status = rtu.check(data, 3, len(data), unit, function, count)
        rtu.describe(status)
        good = status == rtu.OK and function <= 4
        return [status, data[6 : 6 + 2 * count].hex() if good else ""]

    return take


def pdu_reply():
    """In: bytes of the request PDU, request PDU, reply PDU. Out: [status, what a good reply holds]."""
    from modbus.wire import functions, pdu, request_pdu, rtu

    def take(data):
        end = 1 + data[0] if data else 0
        if not 6 <= end <= len(data):
            return None
        pdu.reply_length(data, end, len(data), data, 1, end)
        status = pdu.check(data, end, len(data), data, 1, end)
        function = data[1]
        held = ""
        if status == rtu.OK and function == functions.IDENTIFY:
            found, following = request_pdu.objects(data, end, len(data))
            held = [[(number, content.hex()) for number, content in found], following]
        elif status == rtu.OK and function in (1, 2):
            count = pdu.word(data, 4)
            held = [request_pdu.bit(data, end + 2, n) for n in range(count)]
        elif status == rtu.OK and function in (3, 4, 23):
            held = [pdu.word(data, at) for at in range(end + 2, len(data) - 1, 2)]
        return [status, held]

    return take


def pdu_length():
    """In: a PDU. Out: [length as a request, as a reply, the same as the listener cuts them]."""
    from modbus.listen import frames as listener_frames
    from modbus.wire import pdu

    def take(data):
        if len(data) < 3:
            return None
        found = [pdu.request_length(data, 0, len(data)), pdu.overheard_length(data, 0, len(data))]
        frame = b"\x01" + data
        for length in (listener_frames.request_length, listener_frames.reply_length):
            found.append(length(frame, 0, len(frame)))
        return found

    return take


def server():
    """In: a frame. Out: [reply, writes]."""
    from modbus.server import server
    from modbus.wire import rtu

    bank = Bank()
    slave = server.Server(UNIT, bank, OBJECTS)
    out = bytearray(rtu.LONGEST)

    def take(data):
        bank.written = []
        slave.diagnostics.restart()
        count = slave.answer(data, len(data), out)
        return [bytes(memoryview(out)[:count]).hex(), bank.written]

    return take


def own_map():
    """In: a frame to the bridge's own registers. Out: [reply, (bits, mask) that the outputs were told]."""
    from bridge.logic.doors import register_map
    from bridge.state import State
    from modbus.server import server
    from modbus.wire import rtu

    state = State("1.2.3", "power", "SN1234567890")
    told = []
    bank = register_map.RegisterMap(state, UNIT, virtual.ticks_ms, lambda bits, mask: told.append([bits, mask]))
    slave = server.Server(UNIT, bank, OBJECTS)
    out = bytearray(rtu.LONGEST)

    def take(data):
        told.clear()
        slave.diagnostics.restart()
        count = slave.answer(data, len(data), out)
        return [bytes(memoryview(out)[:count]).hex(), list(told)]

    return take


def serving():
    """In: pieces for a line. Out: [what was sent, writes]."""
    from modbus.server import server, serving

    line, bank = Line(), Bank()
    slave = server.Server(UNIT, bank, OBJECTS)
    port = serving.Serving(line, 9600, "N", slave, 5)

    def take(data):
        line.load(data)
        bank.written = []
        slave.diagnostics.restart()
        port.stopped = False
        quiet = [virtual.passed_ms()]

        def beat():
            now = virtual.passed_ms()
            if not line.over():
                quiet[0] = now
            port.stopped = now - quiet[0] > _STILL_MS

        virtual.run(port.run(beat))
        port.link()
        return [[frame.hex() for frame in line.sent], bank.written]

    return take


def master():
    """In: length of a client's request PDU, this, pieces for a line. Out: [results, all that came].

    A result is [unit, function, quantity, status, PDU of a good reply or exception]; the function of a client's is 0.
    """
    from modbus.master.job import Job
    from modbus.master.master import Master
    from modbus.master.slave import Slave
    from modbus.pace.pacing import Pacing

    line = Line()

    def take(data):
        if not data or not 4 <= data[0] < len(data):
            return None
        found = []

        def done(job, status, frame, at, count):
            held = bytes(memoryview(frame)[at : at + count]).hex() if status >= 0 else ""
            found.append([job.slave.unit, job.function, job.quantity, status, held])

        def finished(status, frame, at, count):
            held = bytes(memoryview(frame)[at : at + count]).hex() if status >= 0 else ""
            found.append([UNIT, 0, 0, status, held])

        def beat():
            bus.stopped = len(found) >= _EXCHANGES or virtual.passed_ms() > until

        end = 1 + data[0]
        until = virtual.passed_ms() + _BUSY_MS
        line.load(data[end:])
        bus = Master(line, 9600, "N")
        for unit, address in ((UNIT, 7), (UNIT, 40), (2, 7)):
            bus.add(Job(Slave(unit, Pacing(3700)), done, 1).read(4, address, 10))
        bus.forward(UNIT, data[1:end], data[0], finished)
        virtual.run(bus.run(beat))
        return [found, line.octets().hex()]

    return take


def listener():
    """In: pieces for a line. Out: what was heard, [unit, function, address, count, status, registers]."""
    from modbus.listen import listener
    from modbus.wire import rtu

    class Sink:
        def heard(self, unit, function, address, count, status, buffer, at, when):
            read = status == rtu.OK and (function <= 4 or function == 23)
            size = (count + 7) // 8 if function <= 2 else 2 * count
            registers = bytes(memoryview(buffer)[at : at + size]).hex() if read else ""
            found.append([unit, function, address, count, status, registers])

    found = []
    line = Line()
    ear = listener.Listener(9600, "N", Sink())
    buffer = bytearray(64)

    def take(data):
        found.clear()
        line.load(data)
        until = None
        while until is None or virtual.passed_ms() < until:
            virtual.pass_ms(_LOOK_MS)
            ear.feed(buffer, line.readinto(buffer, len(buffer)), virtual.ticks_ms())
            if until is None and line.over():
                until = virtual.passed_ms() + _SETTLE_MS
        ear.polls.expire(virtual.ticks_ms())
        return list(found)

    return take


def finder_reply():
    """In: unit, function, count, pieces for a line. Out: [status, registers of a good read, all that came]."""
    from modbus.find import faults as finder_faults
    from modbus.find import port as finder_port
    from modbus.wire import rtu

    line = Line()

    def take(data):
        if len(data) < 3 or not data[2]:
            return None
        unit, function, count = data[0], 3 + data[1] % 2, data[2]
        port = finder_port.Port(lambda baud, parity: line, finder_faults.Evidence())
        line.load(b"")
        virtual.run(port.tune(9600, "N"))
        line.load(data[3:])
        status = virtual.run(port.ask(unit, function, 0, count))
        registers = ""
        if status == rtu.OK:
            buffer, at = port.answer()
            registers = bytes(memoryview(buffer)[at : at + 2 * count]).hex()
        return [status, registers, line.octets().hex()]

    return take


def finder():
    """In: pieces for a line on which somebody searches. Out: [found, faults]."""
    from bridge.devices import signatures
    from modbus.find import finder

    line = Line()

    def take(data):
        line.load(data)
        seeker = finder.Finder(lambda baud, parity: line, signatures.SIGNATURES)
        until = virtual.passed_ms() + _SEARCH_MS

        def beat():
            seeker.stopped = virtual.passed_ms() > until

        virtual.run(seeker.search(beat))
        return [[list(row) for row in seeker.found], seeker.faults]

    return take
