"""Inputs for the decoders of what clients send, and what must be true of their answers (chip/clients.py)."""

import collections

from bridgectl.fuzzing import frames, mutate, requests

_ADDRESS = bytes((192, 168, 4, 1))


def tcp_input(rng, units=(1, 5, 0, 247, 248, 255)):
    out = b""
    for _ in range(rng.randint(1, 6)):
        pdu = mutate.maybe(rng, frames.request(rng), 0.3)[:253]
        size = len(pdu) + 1 if rng.random() < 0.9 else rng.choice((0, 1, 2, 254, 255, 0x100, 0xFFFF))
        protocol = 0 if rng.random() < 0.93 else rng.randrange(0x10000)
        head = mutate.word(rng) + protocol.to_bytes(2, "big") + size.to_bytes(2, "big")
        out += head + bytes((rng.choice(units),)) + pdu
    return mutate.piece_size(rng) + mutate.maybe(rng, out, 0.4)


def _requests_of(octets):
    """Return the requests of a stream and whether it breaks, read in the most simple way."""
    found = []
    while len(octets) >= 6:
        length = int.from_bytes(octets[4:6], "big")
        if not 2 <= length <= 254:
            return found, True
        if len(octets) < 6 + length:
            break
        if octets[2:4] == b"\0\0":
            found.append([int.from_bytes(octets[:2], "big"), octets[6], octets[7 : 6 + length].hex()])
        octets = octets[6 + length :]
    return found, False


def tcp_wrong(data, answer):
    expected = list(_requests_of(data[1:]))
    return None if answer == expected else f"a simple reader finds {expected}"


def gateway_input(rng):
    script = rng.randbytes(rng.randint(1, 12))
    return bytes((len(script),)) + script + tcp_input(rng, (5, 5, 5, 6, 0, 247, 248, 255))


def gateway_wrong(data, answer):
    asked, told, left = answer
    if left != [0, 0]:
        return f"{left[0]} transactions and {left[1]} exchanges are left open"
    if isinstance(told, str):
        return "replies out of step"
    expected, _ = _requests_of(data[2 + data[0] :])
    if asked != expected:
        return "other requests than a simple reader finds"
    keys = [(t, u, int(pdu[:2], 16) & 0x7F) for t, u, pdu in asked]
    answers = collections.Counter((t, u, int(pdu[:2], 16) & 0x7F) for t, u, pdu in told)
    for key, count in collections.Counter(keys).items():
        if answers[key] != count and (key[1] or answers[key] > count):
            return f"{key} was asked {count} times and answered {answers[key]} times"
    for transaction, unit, text in told:
        pdu = bytes.fromhex(text)
        whose = [bytes.fromhex(p) for t, u, p in asked if (t, u) == (transaction, unit)]
        if all(_wrong_relay(unit, request, pdu) for request in whose):
            return f"{transaction}: " + (_wrong_relay(unit, whose[0], pdu) if whose else "nobody asked")
    return None


def _wrong_relay(unit, request, pdu):
    """Return what is wrong with a reply PDU, if the slaves of chip/clients.py were asked this."""
    function = request[0]
    if pdu[0] == function | 0x80:
        return None if len(pdu) == 2 and 1 <= pdu[1] <= 11 else "is no exception"
    meant = frames.asked(request)
    if pdu[0] != function or meant is None or not unit:
        return "is no reply to the request"
    if unit == 5 and _touches_ours(function, meant):
        return "a register of ours was written"
    if function not in frames.READS and function != 23:
        return None if request.startswith(pdu) else "is no repetition of the request"
    said = frames.told(pdu)
    if said is None:
        return "pymodbus cannot read it"
    address, count = (meant.read_address, meant.read_count) if function == 23 else (meant.address, meant.count)
    values = [frames.value(unit + a) for a in range(address, address + count)]
    if function > 2:
        return None if list(said.registers) == values else "other values than the slave's"
    bits = [bool(v >> 3 & 1) for v in values]
    return None if said.bits[:count] == bits and not any(said.bits[count:]) else "other bits than the slave's"


def _touches_ours(function, meant):
    if function == 23:
        first, count = meant.write_address, len(meant.write_registers)
    else:
        first, count = meant.address, meant.count if function == 16 else 1
    return function in (6, 16, 22, 23) and first <= 41 and first + count > 40


def dns_input(rng):
    labels = [rng.randbytes(rng.choice((1, 3, 7, 63))) for _ in range(rng.randint(0, 4))]
    name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    kind = rng.choice((1, 1, 28, 65, 255, 41)).to_bytes(2, "big")
    extra = rng.choice((b"", b"", b"\0\0\x29\x10\0\0" + bytes((rng.choice((0, 1)),)) + b"\0\0\0\0"))
    flags = rng.choice((b"\x01\0", b"\x01\x20", b"\0\0", b"\x81\x80", b"\x10\0"))
    counts = bytes((0, rng.choice((1, 1, 1, 0, 2)), 0, 0, 0, 0, 0, 1 if extra else 0))
    return mutate.maybe(rng, mutate.word(rng) + flags + counts + name + kind + b"\0\x01" + extra, 0.6)


def dns_wrong(data, answer):
    if answer is None:
        whole = len(data) >= 12 and not data[2] & 0xF8 and data[4:6] == b"\0\1" and len(data) <= 512
        return "left a question without answer" if whole and _name_end(data, 12) else None
    reply = bytes.fromhex(answer)
    if reply[:2] != data[:2] or not reply[2] & 0x80 or data[2] & 0x80 or len(reply) > 512:
        return "is no reply to this"
    questions, answers, authorities, additional = (int.from_bytes(reply[i : i + 2], "big") for i in (4, 6, 8, 10))
    at = 12
    if questions:
        at = _name_end(reply, 12)
        if not at or reply[12:at] != data[12:at] or questions != 1:
            return "repeats another question"
    if authorities or answers > 1 or additional > 1 or (answers and not questions):
        return "counts what is not there"
    if answers:
        wanted = int.from_bytes(data[at - 4 : at - 2], "big")
        if wanted not in (1, 255) or reply[at : at + 12] != b"\xc0\x0c\0\x01\0\x01\0\0\0\x0a\0\x04":
            return "is no address record"
        if reply[at + 12 : at + 16] != _ADDRESS:
            return "leads to another address"
        at += 16
    if additional:
        if reply[at : at + 3] != b"\0\0\x29" or reply[at + 9 : at + 11] != b"\0\0":
            return "has an additional record that is no OPT"
        at += 11
    return None if at == len(reply) else "has bytes behind its end"


def _name_end(data, at):
    """Return where a question without compression ends, 0 if it is cut short or too long."""
    start = at
    while at < len(data) and data[at]:
        if data[at] > 63:
            return 0
        at += 1 + data[at]
    return at + 5 if at + 5 <= len(data) and at + 1 - start <= 255 else 0


def http_head_input(rng):
    return mutate.piece_size(rng) + requests.request(rng)


def http_head_wrong(data, answer):
    return requests.wrong_head(data[1:], *answer)


def portal_input(rng):
    return mutate.piece_size(rng) + requests.request(rng)


def portal_wrong(data, answer):
    return requests.wrong_answer(data[1:], bytes.fromhex(answer[0]), answer[1])
