"""Who may do what through the gateway, and which requests never reach the bus."""

from gateway_rig import UNIT, Client, Rig, hexadecimal
from modbus.gateway import requests as gateway_requests

# PDU, exception code of the check, 0 = goes on to the bus
# fmt: off
CHECKED = (
    # quantities: 0, 1, most, one more
    ("01 0000 0000", 3), ("01 0000 0001", 0), ("01 0000 07D0", 0), ("01 0000 07D1", 3),
    ("02 0000 0000", 3), ("02 0000 07D0", 0), ("02 0000 07D1", 3),
    ("03 0000 0000", 3), ("03 0000 0001", 0), ("03 0000 007D", 0), ("03 0000 007E", 3),
    ("04 0000 0000", 3), ("04 0000 007D", 0), ("04 0000 007E", 3),
    # the last address, and one beyond; the quantity is looked at first
    ("03 FFFF 0001", 0), ("03 FFFF 0002", 2), ("03 FFFF 0000", 3), ("03 FF83 007D", 0), ("03 FF84 007D", 2),
    ("04 FFFF 0002", 2), ("01 FFFF 0001", 0), ("01 FFFF 0002", 2),
    # too short, too long
    ("03", 3), ("03 0000 00", 3), ("03 0000 0001 00", 3), ("06 0000", 3), ("06 0000 0001 00", 3),
    ("05 0000 FF00", 0), ("05 0000 0000", 0), ("05 0000 0001", 3), ("05 0000 FF01", 3), ("05 FFFF FF00", 0),
    ("06 FFFF FFFF", 0),
    ("0F 0000 0001 01 01", 0), ("0F 0000 0009 02 0101", 0), ("0F 0000 0009 01 01", 3), ("0F 0000 0000 00", 3),
    ("0F FFFF 0002 01 01", 2), ("0F 0000 0001 01", 3), ("0F 0000 0001 01 01 01", 3), ("0F 0000 0001", 3),
    ("10 0000 0001 02 0000", 0), ("10 0000 0001 03 000000", 3), ("10 0000 0002 02 0000", 3), ("10 0000 0000 00", 3),
    ("10 FFFF 0001 02 0000", 0), ("10 FFFF 0002 04 00000000", 2), ("10 0000 0001 02 00", 3), ("10 0000 0001", 3),
    ("16 0004 00F2 0025", 0), ("16 0004 00F2", 3), ("16 FFFF 00F2 0025", 0),
    ("17 0000 0001 0000 0001 02 0000", 0), ("17 0000 0000 0000 0001 02 0000", 3), ("17 0000 007E 0000 0001 02 0000", 3),
    ("17 0000 0001 0000 0000 00", 3), ("17 0000 0001 0000 0001 04 0000", 3), ("17 0000 0001 0000 0002 02 0000", 3),
    ("17 FFFF 0002 0000 0001 02 0000", 2), ("17 0000 0001 FFFF 0002 04 00000000", 2), ("17 0000 0001 0000", 3),
    ("08 0000 A537", 0), ("08 0000", 0), ("08 0000 A537 0000", 0), ("08 000B 0000", 0), ("08 000B 00", 3), ("08 00", 3),
    ("08 0005 0000", 1), ("08 0015 0000", 1), ("08 0001 FF00", 0), ("08 0004 0000", 0),
    ("2B 0E 01 00", 0), ("2B 0E 04 00", 0), ("2B 0E 05 00", 3), ("2B 0E 00 00", 3), ("2B 0E 01", 3), ("2B 0D 01 00", 1),
    ("2B", 1),
    ("00", 1), ("07", 1), ("0B", 1), ("11", 1), ("14 07", 1), ("18 0000", 1), ("41 00", 1), ("64", 1), ("83 02", 1), ("FF", 1),
)
WRITES = ("05 0000 FF00", "06 0000 0001", "0F 0000 0001 01 01", "10 0000 0001 02 0000", "16 0004 00F2 0025",
          "17 0000 0001 0000 0001 02 0000", "08 0001 0000", "08 0004 0000", "08 000A 0000", "08 0014 0000", "08 0003 0A00")
READS = ("01 0000 0001", "02 0000 0001", "03 0000 0001", "04 0000 0001", "08 0000 1234", "08 0002 0000", "08 000B 0000",
         "08 0012 0000", "2B 0E 01 00")
# fmt: on


def test_a_request_is_checked_in_the_order_of_the_specification():
    """Proves: NET-6+"""
    for text, code in CHECKED:
        pdu = hexadecimal(text)
        assert gateway_requests.check(b"\x55\x66" + pdu + b"\x77", 2, len(pdu)) == code, text


def test_the_longest_writes_pass_and_one_more_does_not():
    for function, most, size in ((15, 0x7B0, 0xF6), (16, 0x7B, 0xF6)):
        pdu = bytes((function, 0, 0, most >> 8, most & 255, size)) + bytes(size)
        assert gateway_requests.check(pdu, 0, len(pdu)) == 0
        pdu = bytes((function, 0, 0, (most + 1) >> 8, (most + 1) & 255, size)) + bytes(size)
        assert gateway_requests.check(pdu, 0, len(pdu)) == 3
    pdu = bytes((23, 0, 0, 0, 125, 0, 0, 0, 121, 242)) + bytes(242)
    assert gateway_requests.check(pdu, 0, len(pdu)) == 0


def test_what_is_refused_never_reaches_the_bus():
    rig, client = Rig(), Client(may_write=True)
    for text, code in CHECKED:
        if code:
            rig.ask(client, text)
            assert client.replies[-1][2] == "%02x%02x" % (hexadecimal(text)[0] | 0x80, code), text
    assert rig.run_all() == 0


def test_nobody_writes_without_permission():
    """Exception 1: "not an allowable action for the server". Proves: NET-6+"""
    rig, client = Rig(), Client(may_write=False)
    for text in WRITES:
        rig.ask(client, text)
        assert client.replies[-1][2] == "%02x01" % (hexadecimal(text)[0] | 0x80), text
    assert rig.run_all() == 0


def test_reads_need_no_permission():
    for text in READS:
        rig, client = Rig(), Client(may_write=False)
        rig.ask(client, text)
        assert rig.run_all() == 1 and client.replies == [(1, UNIT, rig.bus.reply(hexadecimal(text)).hex())], text


def test_a_permitted_write_goes_through():
    for text in WRITES:
        rig, client = Rig(), Client(may_write=True)
        rig.ask(client, text)
        assert rig.run_all() == 1, text
        assert len(client.replies) == 1 and client.open == 0


def test_registers_that_are_the_bridges_own_are_written_by_nobody():
    """The limit at 40042, two registers: a client must not lift what a grid signal demands. Proves: CTL-2+"""
    guarded = ((247, 40042, 40043),)
    refused = (
        "06 9C6A 0001", "06 9C6B 0001", "10 9C69 0002 04 00000001", "10 9C6B 0001 02 0000", "10 9C00 007B F6 " + "00" * 246,
        "16 9C6A 00F2 0025", "17 0000 0001 9C6A 0001 02 0000", "17 0000 0001 9C68 0003 06 000000000000",
    )  # fmt: skip
    allowed = ("06 9C69 0001", "06 9C6C 0001", "10 9C68 0002 04 00000001", "10 9C6C 0001 02 0000", "05 9C6A FF00")
    allowed += ("17 9C6A 0001 9C6C 0001 02 0000",)
    for text in refused + allowed:
        rig, client = Rig(guarded=guarded), Client(may_write=True)
        rig.ask(client, text, unit=247)
        assert rig.run_all() == (text in allowed), text
        if text in refused:
            assert client.replies[0][2][2:] == "02", text
        rig.ask(client, text, unit=1)
        assert rig.run_all() == 1, text
        before = len(client.replies)
        rig.ask(client, text, unit=0)
        assert rig.run_all() == (text in allowed), text
        assert len(client.replies) == before


def test_a_broadcast_is_sent_and_nobody_is_answered():
    """Proves: NET-6+"""
    rig, client = Rig(), Client(may_write=True)
    rig.ask(client, "03 0066 0002", unit=7)
    rig.run_all()
    rig.ask(client, "06 0066 0001", unit=0)
    assert client.open == 1
    assert rig.run_all() == 1 and rig.bus.log[-1] == (0, "0600660001")
    assert len(client.replies) == 1 and client.open == 0
    rig.ask(client, "03 0066 0002", unit=7)  # every slave may have changed
    assert rig.run_all() == 1


def test_a_broadcast_without_permission_is_dropped_in_silence():
    rig, client = Rig(), Client()
    rig.ask(client, "06 0066 0001", unit=0)
    assert rig.run_all() == 0 and client.replies == [] and client.open == 0


def test_a_broadcast_that_never_got_its_turn_is_not_sent_late():
    rig, client = Rig(deadline_ms=500), Client(may_write=True)
    rig.ask(client, "06 0066 0001", unit=0)
    rig.pass_ms(600)
    assert rig.bus.waiting == [] and client.replies == [] and client.open == 0


def test_units_that_cannot_be_have_no_path():
    """0 for reads (nobody would answer), 248 to 255 reserved. Proves: NET-6+"""
    rig, client = Rig(), Client(may_write=True)
    for unit in (0, 248, 254, 255):
        rig.ask(client, "03 0066 0002", unit)
        assert client.replies[-1][1:] == (unit, "830a")
    assert rig.run_all() == 0
    rig.ask(client, "03 0066 0002", 247)
    assert rig.run_all() == 1


def test_a_port_that_is_no_master_has_no_path():
    """Proves: NET-6+"""
    rig, client = Rig(), Client()
    rig.master = None
    rig.ask(client, "03 0066 0002")
    assert client.replies[0][2] == "830a"


def test_a_client_has_four_transactions_open_at_most():
    rig, client, other = Rig(), Client(), Client()
    for i in range(6):
        assert rig.gateway.has_room(client) == (i < 4)
        rig.ask(client, bytes((3, 0, i, 0, 1)))
    assert [r[2] for r in client.replies] == ["8306", "8306"]
    rig.ask(other, "03 0066 0002")
    rig.run_all()
    assert len(client.replies) == 6 and len(other.replies) == 1
    assert [r[0] for r in client.replies] == [5, 6, 1, 2, 3, 4]


def test_when_many_wait_each_client_has_one_place():
    """32 exchanges fill the queue, one more is with the bus; whoever has none open may still ask."""
    rig = Rig(deadline_ms=3000)
    clients = [Client() for _ in range(12)]
    for i in range(48):
        if rig.gateway.has_room(clients[i % 11]):
            rig.ask(clients[i % 11], bytes((3, 0, i, 0, 1)))
    assert rig.gateway.waiting() == 33
    assert [rig.gateway.has_room(c) for c in clients] == [False] * 11 + [True]
    rig.ask(clients[11], "03 0064 0001")
    assert not rig.gateway.has_room(clients[11])
    rig.run_all()
    assert [len(c.replies) for c in clients] == [3] * 11 + [1]
    assert [r[2][:2] for c in clients for r in c.replies] == ["03"] * 34
    assert rig.gateway.has_room(clients[0])
