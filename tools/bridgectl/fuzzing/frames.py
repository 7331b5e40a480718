"""Modbus requests, replies and streams, good and damaged, and what pymodbus makes of them."""

import logging

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from bridgectl.fuzzing import mutate

FUNCTIONS = (1, 2, 3, 4, 5, 6, 8, 15, 16, 22, 23, 43)
READS = (1, 2, 3, 4)
END = 0x9000  # behind the last address of the bank in chip/bank.py

_as_server = DecodePDU(True)
_as_client = DecodePDU(False)
logging.getLogger("pymodbus.logging").disabled = True  # a line for each frame that it cannot read


def asked(pdu):
    """Return what pymodbus reads of a request PDU, or None."""
    return _as_server.decode(bytes(pdu)) if pdu else None


def told(pdu):
    """Return what pymodbus reads of a reply PDU, or None."""
    return _as_client.decode(bytes(pdu)) if pdu else None


def frame_bytes(pdu, as_request):
    """Return the length of a PDU as pymodbus tells it from its first bytes; 0 = not yet, None = it cannot."""
    frame = b"\x01" + bytes(pdu)
    kind = (_as_server if as_request else _as_client).lookupPduClass(frame)
    length = kind.calculateRtuFrameSize(frame) if kind else None
    return length - 3 if length else length


def sealed(body):
    """Return a frame: body and its CRC, which pymodbus computes."""
    return bytes(body) + FramerRTU.compute_CRC(bytes(body)).to_bytes(2, "big")


def intact(frame):
    """Return True if a frame ends with its CRC."""
    return len(frame) >= 4 and FramerRTU.compute_CRC(frame[:-2]).to_bytes(2, "big") == frame[-2:]


def pieces(octets, unit):
    """Yield every part of octets that is an intact frame to this unit, or to all."""
    table = FramerRTU.crc16_table
    for start, first in enumerate(octets):
        if first not in (0, unit):
            continue
        crc = 0xFFFF
        for at in range(start, min(len(octets) - 2, start + 254)):
            crc = crc >> 8 ^ table[(crc ^ octets[at]) & 0xFF]
            if at > start and octets[at + 1] == crc & 0xFF and octets[at + 2] == crc >> 8:
                yield octets[start : at + 3]


def value(address):
    """Return what the bank in chip/bank.py holds."""
    return address * 40503 & 0xFFFF


def request(rng):
    """Return a good request PDU, often with an address or quantity at an edge."""
    function = rng.choice(FUNCTIONS)
    address = rng.choice((0, 1, 40, 1000, 40000, 0xFFFF, rng.randrange(0x10000))) if rng.random() < 0.5 else 7
    count = rng.choice((1, 2, 3, 8, 9, 10, 60, 121, 123, 125))
    head = bytes((function,)) + address.to_bytes(2, "big")
    if function in READS:
        count = rng.choice((count, count, 126, 2000)) if function < 3 else count
        return head + count.to_bytes(2, "big")
    if function == 5:
        return head + rng.choice((b"\xff\x00", b"\x00\x00"))
    if function == 6:
        return head + mutate.word(rng)
    if function == 22:
        return head + mutate.word(rng) + mutate.word(rng)
    if function == 8:
        return bytes((8, 0, rng.choice((0, 1, 2, 4, 10, 11, 12, 18, 20)))) + rng.choice((b"\0\0", b"\0\0", b"\xff\0"))
    if function == 43:
        return bytes((43, 14, rng.randint(1, 4), rng.choice((0, 1, 2, 3, 4, 5, 0x80, 0xFF))))
    if function == 23:
        words = rng.randint(1, 5)
        return head + count.to_bytes(2, "big") + b"\x00\x10" + _counted(words, 2 * words, rng)
    count = rng.randint(1, 40)
    return head + _counted(count, (count + 7) // 8 if function == 15 else 2 * count, rng)


def _counted(count, size, rng):
    return count.to_bytes(2, "big") + bytes((size,)) + rng.randbytes(size)


def reply(rng, pdu):
    """Return a reply PDU to a good request, with any values; now and then an exception."""
    function = pdu[0]
    if rng.random() < 0.1:
        return bytes((function | 0x80, rng.choice((1, 2, 3, 4, 5, 6, 11))))
    count = int.from_bytes(pdu[3:5], "big")
    if function <= 2:
        size = (count + 7) // 8
    elif function in (3, 4, 23):
        size = 2 * count
    elif function == 43:
        objects = b"".join(bytes((n, size)) + rng.randbytes(size) for n, size in enumerate((3, 1, 5)))
        return bytes((43, 14, pdu[2], 0x81, rng.choice((0, 0xFF)), 3, 3)) + objects
    else:
        return pdu if function in (8, 22) else pdu[:5]
    return bytes((function, size & 0xFF)) + rng.randbytes(min(size, 251))


def wire(rng, unit=1, turns=5):
    """Return what a busy line may carry: requests, replies, frames of others, damage with right and with wrong CRC."""
    out = b""
    for _ in range(rng.randint(1, turns)):
        pdu = request(rng)
        whose = unit if rng.random() < 0.7 else rng.choice((0, 2, 247, 255))
        parts = [pdu, reply(rng, pdu)] if rng.random() < 0.6 else [rng.choice((pdu, reply(rng, pdu)))]
        for part in parts:
            out += damaged_frame(rng, whose, part)
    return mutate.spliced(rng, out, out) if rng.random() < 0.1 else out


def damaged_frame(rng, unit, pdu):
    """Return a frame: whole, damaged before it got its CRC, damaged after it, or rubbish."""
    roll = rng.random()
    if roll < 0.5:
        return sealed(bytes((unit,)) + pdu)
    if roll < 0.75:
        return sealed(bytes((unit,)) + mutate.damaged(rng, pdu))
    if roll < 0.95:
        return mutate.damaged(rng, sealed(bytes((unit,)) + pdu))
    return mutate.octets(rng, 40)


def wrong_answer(pdu, answer, written=None, unit=1):
    """Return what is wrong with a slave's frame (b"" = silence) and writes after the request PDU, None = nothing is.

    The slave is the server with the bank of chip/bank.py; pymodbus says what was asked. written None: not known.
    """
    function = pdu[0]
    if not intact(answer) or answer[0] != unit or answer[1] & 0x7F != function & 0x7F or len(answer) > 256:
        return "is no frame of this unit for this function"
    if answer[1] & 0x80:
        if written:
            return "refused and written all the same"
        if len(answer) != 5 or answer[2] not in (1, 2, 3, 4):
            return "exception that the slave does not have"
        return "a good request was refused" if _surely_good(pdu) else None
    meant, said = asked(pdu), told(answer[1:-2])
    if meant is None or said is None:
        return "answered what pymodbus cannot read"
    if function in READS or function == 23:
        address, count = (meant.read_address, meant.read_count) if function == 23 else (meant.address, meant.count)
        values = [value(a) for a in range(address, address + count)]
        if function <= 2:
            wrong = said.bits[:count] != [bool(v >> 3 & 1) for v in values] or any(said.bits[count:])
        else:
            wrong = said.registers != values
        if wrong:
            return "other values than the bank holds"
    expected = writes(pdu, meant)
    return None if written in (None, expected) else f"wrote {written}, asked was {expected}"


def writes(pdu, meant):
    """Return what a good request writes, as chip/bank.py notes it; meant: what pymodbus reads of the request."""
    function = pdu[0]
    if function == 5:
        return [[meant.address, [int(meant.bits[0])]]]
    if function == 15:
        return [[meant.address, [int(b) for b in meant.bits[: meant.count]]]]
    if function in (6, 16):
        return [[meant.address, b"".join(w.to_bytes(2, "big") for w in meant.registers).hex()]]
    if function == 23:
        return [[meant.write_address, b"".join(w.to_bytes(2, "big") for w in meant.write_registers).hex()]]
    if function == 22:
        word = value(meant.address) & meant.and_mask | meant.or_mask & ~meant.and_mask & 0xFFFF
        return [[meant.address, word.to_bytes(2, "big").hex()]]
    return []


def _surely_good(pdu):
    """Return True if nobody could refuse a request of registers: pymodbus would have sent it so."""
    meant = asked(pdu) if pdu[0] in (3, 4, 6, 16) else None
    if meant is None or meant.address + max(meant.count, 1) > END:
        return False
    if pdu[0] == 16 and not (1 <= meant.count <= 123 and len(pdu) == 6 + 2 * meant.count):
        return False
    return meant.encode() == pdu[1:]
