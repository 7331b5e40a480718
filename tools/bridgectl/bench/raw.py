"""Registers as they stand on the wire: read and written one exchange at a time, shown in the ways they may be meant."""

import json
import struct
import time

from bridge.devices import sigenergy
from modbus.wire import functions, rtu

from bridgectl.bench.port import BenchError, NoAnswer
from bridgectl.bench.read import hint

_WAIT_S = 1.0
_TRIES = 3
_MOST = 123  # registers in one write


def address(text):
    """Return a register's address; BenchError if it is none."""
    number = _number(text)
    if number is None or not 0 <= number <= 0xFFFF:
        raise BenchError(f"REGISTER {text}: must be 0 to 65535, or 0x0 to 0xffff")
    return number


def words(texts):
    """Return values of 16 bits as they go on the wire; BenchError if one is none."""
    found = [_number(text) for text in texts]
    for text, number in zip(texts, found):
        if number is None or not -0x8000 <= number <= 0xFFFF:
            raise BenchError(f"VALUE {text}: must be -32768 to 65535, or 0x0 to 0xffff")
    if len(found) > _MOST:
        raise BenchError(f"VALUE: at most {_MOST} registers in one write, not {len(found)}")
    return [number & 0xFFFF for number in found]


def get(line, unit, function, first, count):
    """Return the words of `count` registers. Raises NoAnswer, PortError."""
    if first + count > 0x10000:
        raise BenchError(f"REGISTER {first}: {count} registers from there go beyond 65535")
    request = bytearray(8)
    rtu.request(request, unit, function, first, count)
    exchange = _exchange(line, bytes(request), count)
    return list(struct.unpack(f">{count}H", exchange.registers()))


def put(line, unit, first, values):
    """Write words to holding registers. Raises NoAnswer, PortError."""
    request = bytearray(9 + 2 * len(values))
    if len(values) == 1:
        length = rtu.request(request, unit, functions.WRITE_REGISTER, first, values[0])
    else:
        length = rtu.write_many(request, unit, first, values)
    _exchange(line, bytes(request[:length]), len(values))
    if unit == sigenergy.UNIT:
        time.sleep(sigenergy.PERIOD_MS / 1000)  # what is asked next has to wait so long


def table(asked, found):
    """Return registers in lines: address, hexadecimal, unsigned, signed; two together also as the pair may be meant."""
    _, _, first, _ = asked
    lines = []
    for n, word in enumerate(found):
        signed = word - 0x10000 if word & 0x8000 else word
        lines.append(f"{first + n:5d}  0x{word:04x}  {word:5d}" + (f"  {signed:6d}" if signed != word else ""))
    if len(found) == 2:
        raw = struct.pack(">2H", *found)
        unsigned, signed, real = (struct.unpack(f">{kind}", raw)[0] for kind in "Iif")
        lines.append(f"together: uint32 {unsigned}, int32 {signed}, float32 {real:g}")
    return "\n".join(lines)


def as_json(asked, found):
    """Return the same as one line of JSON."""
    unit, function, first, _ = asked
    return json.dumps({"unit": unit, "function": function, "address": first, "words": found})


def _exchange(line, request, count):
    for _ in range(_TRIES if request[1] in (functions.READ_INPUT, functions.READ_HOLDING) else 1):
        exchange = line.exchange(request, count, _WAIT_S)
        if exchange.status >= 0:
            break
    if exchange.status > 0:
        raise NoAnswer(f"Unit {request[0]} refuses: {rtu.describe(exchange.status)}.")
    if exchange.status < 0:
        raise NoAnswer(f"Nothing usable from unit {request[0]}: {hint(exchange.status)}.")
    return exchange


def _number(text):
    try:
        return int(text, 0)
    except ValueError:
        return None
