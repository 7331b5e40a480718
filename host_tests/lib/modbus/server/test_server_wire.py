"""What the specification demands of a slave, point by point (facts.md 4.4), over a serial line from outside."""

import time

import pytest
from server_process import UNIT, raw, running, sealed


@pytest.fixture(scope="module")
def bridge(slot):
    with running(slot) as made:
        yield made


@pytest.fixture
def wire(bridge):
    with raw(bridge.path) as made:
        yield made


def test_only_the_own_unit_and_broadcasts_count(bridge, wire):
    """Proves: COM-8+"""
    for unit in (1, 16, 18, 247, 248, 255):
        assert wire.ask("0300000001", unit, 0.15) == ""
    bridge.printed()
    assert wire.ask("0f0000000201" + "03", 0, 0.15) == ""
    assert bridge.printed() == ["outputs 3"]
    assert wire.ask("0f000000020102", 0, 0.15) == ""
    assert wire.ask("0300000001") == "03020002"


def test_damaged_frames_get_no_answer_and_the_next_one_does(bridge, wire):
    """Proves: COM-8+, REL-1+"""
    good = sealed(bytes([UNIT]) + bytes.fromhex("0300000001"))
    reply = sealed(bytes([UNIT]) + bytes.fromhex("03020002"))
    for i in range(len(good)):
        wire.put(good[:i] + bytes([good[i] ^ 0x10]) + good[i + 1 :])
        assert wire.hear(0.1) == b""
    for noise in (b"\x00", good[:5], bytes(range(100, 160)), b"\xff" * 400):
        wire.put(noise)
        assert wire.hear(0.1) == b""
        wire.put(good)
        assert wire.hear() == reply
        time.sleep(0.05)
    wire.put(good[:4])
    time.sleep(0.15)  # beyond any gap that an adapter makes
    wire.put(good[4:])
    assert wire.hear(0.2) == b""


def test_frames_in_one_piece_are_parted(bridge, wire):
    """Proves: COM-8+"""
    theirs = sealed(bytes.fromhex("050300000002")) + sealed(bytes.fromhex("05030400010002"))
    wire.put(theirs + sealed(bytes([UNIT]) + bytes.fromhex("0300000001")))
    assert wire.hear() == sealed(bytes([UNIT]) + bytes.fromhex("03020002"))


BOUNDARIES = (
    ("0300000000", 3), ("0300000001", 0), ("039c40007d", 0), ("030000007e", 3), ("0300000065", 2),
    ("0400000000", 3), ("0400000001", 0), ("049c40007d", 0), ("040000007e", 3), ("04ffff0002", 2), ("03ffff0001", 2),
    ("0100000000", 3), ("0100000002", 0), ("0100000003", 2), ("01000007d0", 2), ("01000007d1", 3),
    ("0200000005", 0), ("0200000006", 2), ("02000007d1", 3),
    ("0600000000", 2), ("06ffffffff", 2),
    ("0500000001", 3), ("050000fe00", 3), ("0500020000", 2), ("050002ff00", 2),
    ("0f000000000100", 3), ("0f000007b1f7" + "00" * 247, 3), ("0f000007b0f6" + "00" * 246, 2), ("0f000000020200", 3),
    ("100000000000", 3), ("10000000010200" + "01", 2),
    ("100000007bf6" + "00" * 246, 2), ("100000007cf8" + "00" * 247, 3),
    ("1000000002020001", 3), ("10ffff00020400010002", 2),
    ("1600000000ffff", 2), ("16ffff", 2),
    ("17000000010000000102" + "0001", 2), ("170000007e0000000102" + "0001", 3),
    ("170000000100000079f2" + "00" * 242, 2),
    ("17000000010000007af4" + "00" * 242, 3),
    ("07", 1), ("0b", 1), ("0c", 1), ("11", 1), ("14", 1), ("18ffff", 1), ("41", 1), ("64", 1), ("7f", 1),
    ("0800030000", 1), ("08000b0001", 3), ("2b0d0000", 1), ("2b0e0000", 3), ("2b0e0407", 2),
)  # fmt: skip


@pytest.mark.parametrize(("pdu", "code"), BOUNDARIES, ids=[row[0][:16] for row in BOUNDARIES])
def test_quantities_at_and_beyond_their_limits(wire, pdu, code):
    """Proves: COM-8+"""
    reply = wire.ask(pdu)
    if code:
        assert reply == f"{int(pdu[:2], 16) | 0x80:02x}{code:02x}"
    else:
        assert reply[:2] == pdu[:2] and len(reply) > 4


def test_the_longest_frame_goes_both_ways(wire):
    """Proves: COM-8+"""
    echo = "080000" + "a5" * 250
    assert wire.ask(echo) == echo


def test_diagnostics_count_and_listen_only_holds(bridge, wire):
    """Proves: COM-8+"""
    assert wire.ask("080000a537") == "080000a537"
    assert wire.ask("08000a0000") == "08000a0000"
    wire.ask("03ffff0001")
    wire.ask("0300000001", 99, 0.15)
    # messages, errors, exceptions, addressed, unanswered
    assert [wire.ask(f"08000{n:x}0000")[-4:] for n in (11, 12, 13, 14, 15)] == ["0003", "0000", "0001", "0005", "0000"]
    assert wire.ask("0800040000", silence_s=0.2) == ""
    bridge.printed()
    for pdu in ("0300000001", "080000a537", "050000ff00", "080001ffff"):
        assert wire.ask(pdu, silence_s=0.15) == ""
    assert bridge.printed() == []
    assert wire.ask("0800010000", silence_s=0.2) == ""
    assert wire.ask("0300000001") == "03020002"


def test_identification_comes_page_by_page(wire):
    """Proves: COM-8+"""
    found, first, pages = {}, 0, 0
    while True:
        reply = bytes.fromhex(wire.ask(f"2b0e03{first:02x}"))
        assert reply[:3] == b"\x2b\x0e\x03" and reply[3] == 0x83
        at = 7
        for _ in range(reply[6]):
            found[reply[at]] = reply[at + 2 : at + 2 + reply[at + 1]]
            at += 2 + reply[at + 1]
        pages += 1
        assert at == len(reply) and pages < 9
        if not reply[4]:
            break
        first = reply[5]
    assert found[0] == b"sigen-bridge" and found[2] == b"1.2.3" and found[0x80] == b"SN1234567890"
    assert wire.ask("2b0e0480") == "2b0e0483000001800c" + b"SN1234567890".hex()
