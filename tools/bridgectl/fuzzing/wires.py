"""Inputs for the decoders of the RS485 ports, and what must be true of their answers (chip/wires.py)."""

from bridgectl.fuzzing import frames, mutate

_LONGEST_PDU = 252
_BAUDS = (1200, 2400, 4800, 9600)


def rtu_reply_input(rng):
    unit, function, count = rng.choice((1, 1, 2, 247)), rng.choice((3, 4, 4, 6, 16)), rng.choice((1, 2, 10, 60, 125))
    asked = bytes((function, 0, 7)) + count.to_bytes(2, "big")
    pdu = frames.reply(rng, asked)
    return bytes((unit, function, count)) + frames.damaged_frame(rng, unit if rng.random() < 0.9 else 3, pdu)


def rtu_reply_wrong(data, answer):
    if answer is None:
        return None
    status, registers = answer
    unit, function, count, frame = data[0], data[1], data[2], data[3:]
    if status >= 0 and (not frames.intact(frame) or frame[0] != unit or frame[1] & 0x7F != function & 0x7F):
        return "taken for good without being an intact frame of this unit"
    if status > 0 and (not frame[1] & 0x80 or len(frame) != 5 or status != (frame[2] & 0x3F or 4)):
        return "an exception that was not sent"
    said = frames.told(frame[1:-2]) if frames.intact(frame) and frame[0] == unit else None
    fits = said and said.function_code == function and function in (3, 4) and len(said.registers) == count
    if fits and said.encode() == frame[2:-2] and status:
        return "a good reply was refused"
    if status == 0 and function in (3, 4) and (said is None or _words(registers) != said.registers):
        return f"pymodbus reads {said}"
    return None


def pdu_reply_input(rng):
    asked = frames.request(rng)
    told = frames.reply(rng, asked)
    return bytes((len(asked),)) + asked + mutate.maybe(rng, told)[:_LONGEST_PDU]


def pdu_reply_wrong(data, answer):
    if answer is None:
        return None
    status, held = answer
    asked, told = data[1 : 1 + data[0]], data[1 + data[0] :]
    if not -6 <= status < 64:
        return "a status that does not exist"
    function = asked[0]  # ours: it is never damaged
    if status > 0:
        fits = len(told) == 2 and told[0] == function | 0x80 and status == (told[1] & 0x3F or 4)
        return None if fits else "an exception that was not sent"
    if status:
        return None
    said = frames.told(told)
    if said is None:
        return "taken for good, and pymodbus cannot read it"
    if function == 43:
        objects = {number: bytes.fromhex(content) for number, content in held[0]}
        theirs = {n: b"".join(c) if isinstance(c, list) else c for n, c in said.information.items()}
        # An object that is named twice is a list there; here the last one counts.
        same = set(objects) == set(theirs) and all(theirs[n].endswith(c) for n, c in objects.items())
    elif function <= 2:
        same = [bool(b) for b in held] == said.bits[: len(held)]
    else:
        same = function not in (3, 4, 23) or held == list(said.registers)
    return None if same else f"pymodbus reads {said}"


def pdu_length_input(rng):
    pdu = frames.request(rng)
    pdu = pdu if rng.random() < 0.5 else frames.reply(rng, pdu)
    return mutate.maybe(rng, pdu[: rng.randint(3, len(pdu) + 3)])[:_LONGEST_PDU]


def pdu_length_wrong(data, answer):
    if answer is None:
        return None
    as_request, as_reply, cut_request, cut_reply = answer
    if any(length and not 4 <= length <= 256 for length in (cut_request, cut_reply)):
        return "a frame that no line carries"
    if data[0] in (1, 2, 3, 4, 5, 6, 15, 16, 22, 23):
        for ours, is_request, enough in ((as_request, True, 10), (as_reply, False, 2)):
            theirs = frames.frame_bytes(data, is_request)
            if theirs and len(data) >= enough and ours != theirs:
                return f"pymodbus counts {theirs}"
    return None


def server_input(rng):
    unit = rng.choice((1, 1, 1, 1, 1, 1, 0, 2))
    return frames.damaged_frame(rng, unit, frames.request(rng))


def server_wrong(data, answer):
    reply, written = bytes.fromhex(answer[0]), answer[1]
    if not frames.intact(data) or len(data) > 256 or data[0] not in (0, 1):
        return "answered what is not for it" if reply or written else None
    pdu = data[1:-2]
    if data[0] == 0:
        return "answered a broadcast" if reply else None
    if not reply:
        return None if pdu[:3] == b"\x08\x00\x04" else "left a good frame without answer"
    return frames.wrong_answer(pdu, reply, written)


def own_map_input(rng):
    pdu = frames.request(rng)
    if rng.random() < 0.7:
        address = rng.choice((0, 10, 60, 99, 1000, 1100, 1190, 40000, 40070, 40178)) + rng.randint(0, 5)
        pdu = pdu[:1] + address.to_bytes(2, "big") + pdu[3:]
    return frames.damaged_frame(rng, 1, pdu)


def own_map_wrong(data, answer):
    reply, told = bytes.fromhex(answer[0]), answer[1]
    if not frames.intact(data) or len(data) > 256 or data[0] not in (0, 1):
        return "answered what is not for it" if reply or told else None
    if told and (data[1] not in (5, 15) or not all(1 <= bits <= 3 and mask | bits == bits for bits, mask in told)):
        return "outputs were told what nobody asked"
    if not reply:
        return None
    if not frames.intact(reply) or reply[0] != 1 or reply[1] & 0x7F != data[1] & 0x7F:
        return "is no frame of this unit for this function"
    if reply[1] & 0x80:
        return None if reply[2] in (1, 2, 3, 4) else "an exception that it does not have"
    said = frames.told(reply[1:-2])
    if said is None:
        return "pymodbus cannot read the answer"
    if data[1] in (3, 4) and len(said.registers) != frames.asked(data[1:-2]).count:
        return "another count of registers than asked"
    return None


def serving_input(rng):
    return mutate.chunks(rng, frames.wire(rng, turns=3))


def serving_wrong(data, answer):
    sent, written = [bytes.fromhex(frame) for frame in answer[0]], answer[1]
    if not sent and not written:
        return None
    requests = list(frames.pieces(_octets(data), 1))
    if len(sent) > len(requests):
        return "more answers than requests"
    for frame in sent:
        if all(r[0] != 1 or frames.wrong_answer(r[1:-2], frame) for r in requests):
            return f"{frame.hex()} answers nothing that was asked"
    meant = [(r[1:-2], frames.asked(r[1:-2])) for r in requests]
    asked = [row for pdu, m in meant if m for row in frames.writes(pdu, m)]
    for row in written:
        if row not in asked:
            return f"{row} was written, and nobody asked"
    return None


def master_input(rng):
    forwarded = frames.request(rng)[:254]
    pieces = b""
    for _ in range(rng.randint(1, 6)):
        asked = rng.choice((b"\x04\0\x07\0\x0a", b"\x04\0\x28\0\x0a", forwarded))
        told = frames.damaged_frame(rng, rng.choice((1, 1, 2)), frames.reply(rng, asked))
        noise = rng.choice((b"", b"", b"", b"\x00", b"\xff\xff", frames.sealed(b"\1" + asked)))
        pieces += mutate.chunks(rng, noise + told, True)
    return bytes((len(forwarded),)) + forwarded + pieces


def master_wrong(data, answer):
    if answer is None:
        return None
    results, octets = answer[0], bytes.fromhex(answer[1])
    forwarded = data[1 : 1 + data[0]]
    for unit, function, quantity, status, held in results:
        if not -6 <= status < 64:
            return f"status {status}"
        pdu = bytes.fromhex(held)
        listens_only = function == 0 and forwarded[:3] == b"\x08\0\x04"
        if status < 0 or listens_only:
            continue
        if frames.sealed(bytes((unit,)) + pdu) not in octets:
            return f"nobody told {held}"
        asked = forwarded if function == 0 else bytes((function, 0, 0)) + quantity.to_bytes(2, "big")
        if status and (pdu[0] != asked[0] | 0x80 or status != (pdu[1] & 0x3F or 4)):
            return "an exception that was not sent"
        if not status and asked[0] in (3, 4) and len(frames.told(pdu).registers) != int.from_bytes(asked[3:5], "big"):
            return "another count of registers than asked"
        if not status and pdu[0] != asked[0]:
            return "a reply to another function"
    return None


def listener_input(rng):
    return mutate.chunks(rng, frames.wire(rng))


def listener_wrong(data, answer):
    octets = _octets(data)
    for unit, function, address, count, status, registers in answer:
        # What is told must lie on the wire: the request, and behind it its answer.
        head = bytes((unit, function)) + address.to_bytes(2, "big")
        if function in (*frames.READS, 15, 16, 23):
            head += count.to_bytes(2, "big")
        asked_at = octets.find(head)
        if asked_at < 0:
            return f"nobody asked {head.hex()}"
        if status > 0:
            told = frames.sealed(bytes((unit, function | 0x80, status)))
        elif status == 0 and registers:
            told = bytes.fromhex(registers)
            told = frames.sealed(bytes((unit, function, len(told))) + told)
        else:
            continue
        if octets.find(told, asked_at + 1) < 0:
            return f"nobody told {told.hex()}"
    return None


def finder_reply_input(rng):
    unit, function, count = rng.choice((1, 2, 247)), rng.choice((3, 4)), rng.choice((1, 2, 10))
    asked = bytes((function, 0, 0)) + count.to_bytes(2, "big")
    octets = frames.sealed(bytes((unit,)) + asked) if rng.random() < 0.2 else b""  # an echo
    octets += rng.choice((b"", b"", b"\x00", b"\xff\xff"))
    octets += frames.damaged_frame(rng, unit, frames.reply(rng, asked))
    if rng.random() < 0.2:
        octets += frames.wire(rng, unit, 2)
    return bytes((unit, function - 3, count)) + mutate.chunks(rng, octets, True)


def finder_reply_wrong(data, answer):
    if answer is None:
        return None
    status, registers, octets = answer[0], bytes.fromhex(answer[1]), bytes.fromhex(answer[2])
    unit, function = data[0], 3 + data[1] % 2
    if status == 0:
        told = frames.sealed(bytes((unit, function, 2 * data[2])) + registers) if data[2] < 128 else None
        return None if told and told in octets else "an answer that nobody gave"
    if status > 0:
        codes = [code for code in range(256) if (code & 0x3F or 4) == status]
        told = [frames.sealed(bytes((unit, function | 0x80, code))) for code in codes]
        return None if any(t in octets for t in told) else "an exception that nobody gave"
    return None


def finder_input(rng):
    unit = rng.choice((1, 2, 247))
    return b"".join(mutate.chunks(rng, frames.wire(rng, unit, 2), rng.random() < 0.7) for _ in range(rng.randint(1, 4)))


def finder_wrong(data, answer):
    for baud, parity, unit, _model, why in answer[0]:
        if baud not in _BAUDS or parity not in "NEO" or not 0 <= unit <= 255 or not why:
            return "found what cannot be"
    return None if all(isinstance(fault, str) for fault in answer[1]) else "a fault without words"


def _octets(data):
    """Return what pieces for a line carry."""
    out, at = b"", 0
    while at + 2 < len(data) and not data[at] & 0x80:
        out += data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return out


def _words(text):
    return [int(text[i : i + 4], 16) for i in range(0, len(text), 4)]
