"""The gateway's decisions: from the cache, joined to another read, or over the bus."""

import clock
from gateway_rig import UNIT, Client, Rig
from modbus.wire import rtu

READ_10 = "03 0064 000A"  # 10 registers from 100
READ_2 = "03 0066 0002"  # 2 of them, from 102
REPLY_2 = "030400660067"


def test_a_read_goes_over_the_bus_and_its_reply_comes_back():
    """Proves: COM-8+, NET-6+"""
    rig, client = Rig(), Client()
    transaction = rig.ask(client, READ_2)
    assert client.replies == [] and client.open == 1
    assert rig.run_all() == 1
    assert rig.bus.log == [(UNIT, "0300660002")]
    assert client.replies == [(transaction, UNIT, REPLY_2)] and client.open == 0


def test_what_is_fresh_is_not_asked_for_again():
    """Proves: NET-6+"""
    rig, client, other = Rig(freshness_ms=500), Client(), Client()
    rig.ask(client, READ_2)
    rig.run_all()
    rig.pass_ms(400)
    rig.ask(other, READ_2)
    assert other.replies[0][2] == REPLY_2
    assert rig.run_all() == 0


def test_the_age_counts_from_when_the_slave_was_asked():
    """50 ms on the wire, then 450: the values are 500 ms old, and 10 ms later they are too old. Proves: NET-6+"""
    rig, client = Rig(freshness_ms=500), Client()
    rig.ask(client, READ_2)
    rig.run_all()
    rig.pass_ms(450)
    rig.ask(client, READ_2)
    assert len(client.replies) == 2
    rig.pass_ms(10)
    rig.ask(client, READ_2)
    assert len(client.replies) == 2 and rig.run_all() == 1


def test_a_part_of_what_is_fresh_is_as_good():
    rig, client = Rig(), Client()
    rig.ask(client, READ_10)
    rig.run_all()
    for first in range(10):
        for quantity in range(1, 11 - first):
            rig.ask(client, bytes((3, 0, 100 + first, 0, quantity)))
            values = "".join(["00%02x" % a for a in range(100 + first, 100 + first + quantity)])
            assert client.replies[-1][2] == "03%02x" % (2 * quantity) + values
    assert rig.run_all() == 0


def test_what_is_not_wholly_kept_is_asked_for():
    rig, client = Rig(), Client()
    rig.ask(client, READ_10)
    rig.run_all()
    for pdu in ("03 0063 0002", "03 006D 0002", "04 0064 000A", "03 0063 000C", "03 00C8 0001"):
        rig.ask(client, pdu)
        assert rig.run_all() == 1
    rig.ask(client, READ_10, unit=6)
    assert rig.run_all() == 1


def test_without_a_freshness_nothing_is_kept():
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(3):
        rig.ask(client, READ_2)
        assert rig.run_all() == 1


def test_bits_are_cut_where_a_byte_begins():
    rig, client = Rig(), Client()
    rig.ask(client, "01 0000 0014")  # 20 coils
    rig.bus.run(reply=b"\x01\x03\xcd\x6b\x05")
    rig.ask(client, "01 0008 0005")
    assert client.replies[-1][2] == "01010b"  # 0x6B without the three bits behind the fifth
    rig.ask(client, "01 0003 0004")  # begins within a byte: the slave does it
    assert len(client.replies) == 2 and len(rig.bus.waiting) == 1


def test_equal_and_narrower_reads_under_way_are_one_exchange():
    """Proves: NET-6+"""
    rig = Rig()
    clients = [Client() for _ in range(8)]
    for client in clients[:4]:
        rig.ask(client, READ_10)
    for client in clients[4:]:
        rig.ask(client, READ_2)
    assert rig.run_all() == 1
    assert all([len(c.replies) == 1 for c in clients])
    assert [c.replies[0][2] for c in clients[4:]] == [REPLY_2] * 4
    assert [c.open for c in clients] == [0] * 8


def test_a_read_that_came_long_after_the_slave_was_asked_is_asked_anew():
    """Freshness 20 ms; the slave answers after 200: who came in the middle gets values of its own."""
    rig, first, second = Rig(freshness_ms=20), Client(), Client()
    rig.ask(first, READ_2)
    under_way = rig.bus.take()
    rig.pass_ms(100)
    rig.ask(second, READ_2)
    rig.bus.end(*under_way, took_ms=100)
    assert len(first.replies) == 1 and second.replies == []
    rig.gateway.step()
    assert rig.run_all() == 1
    assert second.replies[0][2] == REPLY_2


def test_an_exception_for_the_whole_says_nothing_about_a_part():
    rig, wide, narrow = Rig(), Client(), Client()
    rig.ask(wide, READ_10)
    rig.ask(narrow, READ_2)
    rig.bus.run(2, reply=b"\x83\x02")
    assert wide.replies[0][2] == "8302" and narrow.replies == []
    rig.gateway.step()
    rig.run_all()
    assert narrow.replies[0][2] == REPLY_2


def test_an_exception_is_not_kept():
    rig, client = Rig(), Client()
    rig.ask(client, READ_2)
    rig.bus.run(6, reply=b"\x83\x06")
    rig.ask(client, READ_2)
    assert rig.run_all() == 1
    assert [r[2] for r in client.replies] == ["8306", REPLY_2]


def test_after_a_write_the_old_values_are_gone():
    rig, client = Rig(), Client(may_write=True)
    rig.ask(client, READ_2)
    rig.run_all()
    rig.ask(client, "06 0066 0BB8")
    rig.run_all()
    rig.ask(client, READ_2)
    assert rig.run_all() == 1
    assert client.replies[-1][2] == "03040bb80067"


def test_a_read_asked_for_after_a_write_never_shows_what_was_before():
    """Neither from the cache nor joined to an older read, in any order in which both are pipelined."""
    rig, client, other = Rig(), Client(may_write=True), Client()
    rig.ask(client, READ_2)
    rig.run_all()
    rig.ask(other, READ_10)
    rig.ask(client, "06 0066 0BB8")
    rig.ask(client, READ_2)
    rig.run_all()
    assert client.replies[-1][2] == "03040bb80067"
    assert [pdu[:2] for _, pdu in rig.bus.log].count("03") == 3


def test_the_write_of_a_slave_that_did_not_answer_may_have_happened():
    rig, client = Rig(), Client(may_write=True)
    rig.ask(client, READ_2)
    rig.run_all()
    rig.ask(client, "06 0066 0BB8")
    rig.bus.run(rtu.SILENT, reply=b"")
    assert client.replies[-1][2] == "860b"
    rig.ask(client, READ_2)
    assert rig.run_all() == 1


def test_what_the_bridge_reads_itself_serves_clients_too():
    """Proves: NET-6+"""
    rig, client = Rig(), Client()
    registers = bytes.fromhex("0064 0065 0066 0067".replace(" ", ""))
    rig.gateway.overheard(UNIT, 3, 100, 4, rtu.OK, b"\x05\x03\x08" + registers, 3, clock.ticks_ms())
    rig.ask(client, READ_2)
    assert client.replies[0][2] == REPLY_2
    rig.gateway.overheard(UNIT, 16, 100, 1, rtu.OK, b"", 0, clock.ticks_ms())
    rig.ask(client, READ_2)
    assert rig.run_all() == 1


def test_a_reply_of_the_wrong_size_is_no_reply():
    rig, client = Rig(), Client()
    rig.ask(client, READ_2)
    rig.bus.run(reply=b"\x03\x02\x00\x66")
    assert client.replies[0][2] == "830b"
    rig.ask(client, READ_2)
    assert rig.run_all() == 1
