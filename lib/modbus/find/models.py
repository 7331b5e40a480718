"""Tells the model of a slave by its registers, from signatures that the caller hands over as text.

One line a rule, the first that holds wins: `model|tests|why|overheard`
tests: parted by blanks, `function:address:count:answer`; answer is `ok` (any good one), `refused` (an exception),
`=N` (the first register is N) or `LOW..HIGH` (a float32 in this range).
overheard: `function:first-last`, registers that others read from such a model; empty = not to be told like that.
"""

import asyncio
import struct

import table
from micropython import const
from modbus.wire import rtu

_REST_MS = const(700)  # for slaves that lose what comes too soon after their last answer


async def name(port, signatures, unit):
    """Return (model or "", how it is known) of a unit that answers; asks as few registers as the rules allow."""
    known = {}  # (function, address, count): (status, bytes)
    for model, tests, why, _ in table.rows(signatures):
        holds = True
        for test in tests.split(" "):
            function, address, count, answer = test.split(":")
            key = int(function), int(address), int(count)
            if key not in known:
                known[key] = await _read(port, unit, *key)
            if not _fits(answer, *known[key]):
                holds = False
                break
        if holds:
            return model, why
    return "", "speaks Modbus, but has the registers of no known model"


def overheard(polls, signatures):
    """Return [(unit, model or "", why)] of the slaves that answer others; polls: rows of Polls.shown()."""
    found = []
    for unit in sorted({row[0] for row in polls if row[7]}):
        read = [(row[1], row[2], row[2] + row[3] - 1) for row in polls if row[0] == unit and row[7]]
        model = ""
        for candidate, _, _, span in table.rows(signatures):
            if span and _inside(span, read):
                model = candidate
                break
        found.append((unit, model, "overheard while another master read it"))
    return found


async def _read(port, unit, function, address, count):
    status = await port.ask(unit, function, address, count)
    if status < 0:
        await asyncio.sleep_ms(_REST_MS)
        status = await port.ask(unit, function, address, count)
    if status != rtu.OK:
        return status, b""
    buffer, at = port.answer()
    return status, bytes(buffer[at : at + 2 * count])


def _fits(answer, status, registers):
    """Return True if an exchange went as a test wants it."""
    if answer == "refused":
        return status > 0
    if status != rtu.OK:
        return False
    if answer == "ok":
        return True
    if answer[0] == "=":
        return registers[0] << 8 | registers[1] == int(answer[1:])
    low, high = answer.split("..")
    return int(low) <= struct.unpack(">f", registers)[0] <= int(high)


def _inside(span, read):
    """Return True if all that was read lies in a span."""
    function, registers = span.split(":")
    first, last = registers.split("-")
    for asked, low, high in read:
        if asked != int(function) or low < int(first) or high > int(last):
            return False
    return True
