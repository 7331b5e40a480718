# heap: 1m
"""The gateway's decisions: from the cache, joined, queued in turn, late, given up."""

import random

import clock
from gateway_rig import UNIT, Bus, Client, Rig
from modbus import rtu

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


def test_clients_take_turns():
    """One asks for four things at once; whoever asks for one thing comes second, not fifth."""
    rig, greedy, modest = Rig(places=1), Client(), Client()
    for address in range(4):
        rig.ask(greedy, bytes((3, 0, 10 * address, 0, 1)))
    rig.ask(modest, READ_2)
    order = []
    while rig.bus.waiting:
        rig.bus.run()
        order.append(len(modest.replies))
        rig.gateway.step()
    assert order[:2] == [0, 1] or order[:3] == [0, 0, 1]
    assert len(greedy.replies) == 4


def test_joining_a_read_of_somebody_greedy_costs_nobody_his_turn():
    rig, greedy, modest = Rig(places=1), Client(), Client()
    rig.ask(modest, "03 0000 0001")
    rig.run_all()
    for address in range(4):
        rig.ask(greedy, bytes((3, 0, 10 + address, 0, 1)))
    rig.ask(modest, "03 000D 0001")  # the last of them
    for _ in range(3):
        rig.bus.run()
        rig.gateway.step()
    assert len(modest.replies) == 2


def test_no_more_than_two_exchanges_are_handed_to_the_bus():
    rig = Rig(places=99)
    for i in range(20):
        rig.ask(Client(), bytes((3, 0, i, 0, 1)))
    assert len(rig.bus.waiting) == 2 and rig.gateway.waiting() == 20


def test_who_waits_too_long_is_told_that_nothing_was_sent():
    """Proves: NET-6+"""
    rig, client = Rig(deadline_ms=1500), Client(may_write=True)
    rig.ask(client, "06 0066 0BB8")
    rig.pass_ms(1480)
    assert client.replies == []
    rig.pass_ms(60)
    assert client.replies[0][2] == "860a" and client.open == 0
    assert rig.bus.waiting == [] and rig.gateway.waiting() == 0


def test_who_waits_too_long_for_what_was_sent_is_told_that_nobody_answered():
    rig, client = Rig(deadline_ms=1500), Client(may_write=True)
    rig.ask(client, "06 0066 0BB8")
    under_way = rig.bus.take()
    rig.pass_ms(1540)
    assert client.replies[0][2] == "860b" and client.open == 0
    rig.bus.end(*under_way)  # its late end harms nobody
    assert len(client.replies) == 1 and rig.gateway.waiting() == 0


def test_a_silent_slave_is_reported_at_once_and_then_asked_seldom():
    """Three silences of 300 ms; then at most a twentieth of the line, and the others do not wait for it."""
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(3):
        rig.ask(client, READ_2)
        rig.bus.run(rtu.SILENT, 300, b"")
    assert [r[2] for r in client.replies] == ["830b"] * 3
    sent = len(rig.bus.log)
    for _ in range(200):
        rig.ask(client, READ_2)
        if rig.bus.waiting:
            rig.bus.run(rtu.SILENT, 300, b"")
        rig.pass_ms(200)
    assert 5 <= len(rig.bus.log) - sent <= 8  # 40 s and what the silences take, one in 6 s
    rig.ask(client, READ_2, unit=6)
    rig.bus.run()
    assert client.replies[-1][2] == REPLY_2


def test_a_slave_that_answers_again_is_asked_again():
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(3):
        rig.ask(client, READ_2)
        rig.bus.run(rtu.SILENT, 300, b"")
    rig.pass_ms(6000)
    rig.ask(client, READ_2)
    rig.bus.run()
    rig.ask(client, READ_2)
    assert rig.run_all() == 1


def test_noise_is_no_silence():
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(10):
        rig.ask(client, READ_2)
        rig.bus.run(rtu.BAD_CRC, 50, b"")
    assert len(rig.bus.log) == 10 and client.replies[-1][2] == "830b"


def test_a_reply_of_the_wrong_size_is_no_reply():
    rig, client = Rig(), Client()
    rig.ask(client, READ_2)
    rig.bus.run(reply=b"\x03\x02\x00\x66")
    assert client.replies[0][2] == "830b"
    rig.ask(client, READ_2)
    assert rig.run_all() == 1


def test_a_client_that_leaves_takes_along_what_was_not_sent():
    rig, leaver, stayer = Rig(), Client(may_write=True), Client()
    rig.ask(leaver, READ_10)
    rig.ask(leaver, "06 0066 0BB8")
    rig.ask(leaver, "06 0067 0BB8")
    rig.ask(stayer, READ_2)
    rig.gateway.leave(leaver)
    rig.gateway.step()
    rig.run_all()
    assert leaver.replies == [] and stayer.replies[0][2] == REPLY_2
    assert [pdu[:2] for _, pdu in rig.bus.log] == ["03"]


def test_a_port_that_is_made_anew_loses_no_client():
    rig, client = Rig(), Client()
    rig.ask(client, READ_2)
    old = rig.bus
    under_way = old.take()
    rig.bus = rig.master = Bus()
    rig.pass_ms(50)
    assert client.replies[0][2] == "830b"
    old.end(*under_way)
    rig.ask(client, READ_2)
    rig.run_all()
    assert client.replies[1][2] == REPLY_2
    rig.master = None
    rig.ask(client, "03 0000 0001")
    assert client.replies[2][2] == "830a"


def test_every_request_is_answered_once_whatever_happens():
    """Random requests, results, pauses, leavers. Proves: REL-1+"""
    for seed in range(8):
        random.seed(seed)
        chaos(Rig(freshness_ms=400, deadline_ms=700))


def chaos(rig):
    clients = [Client(may_write=i % 2 == 0) for i in range(9)]
    asked = {}
    under_way = None
    for _ in range(700):
        what = random.randrange(10)
        client = clients[random.randrange(9)]
        if what < 5:
            function = (3, 4, 6, 1, 43)[random.randrange(5)]
            pdu = bytes((function, 0, random.randrange(4) * 8, 0, random.randrange(1, 20)))
            if function == 43:
                pdu = b"\x2b\x0e\x01\x00"
            asked[rig.ask(client, pdu, random.randrange(1, 4))] = client
        elif what < 8 and under_way is None and rig.bus.waiting:
            under_way = rig.bus.take()
        elif what < 9 and under_way:
            status = (rtu.OK, rtu.OK, rtu.OK, rtu.SILENT, rtu.BAD_CRC, 2)[random.randrange(6)]
            reply = b"\x83\x02" if status > 0 else None
            rig.bus.end(*under_way, status=status, reply=reply, took_ms=random.randrange(200))
            under_way = None
        elif random.randrange(20) == 0:
            rig.gateway.leave(client)
            for transaction in [t for t in asked if asked[t] is client]:
                del asked[transaction]
            clients[clients.index(client)] = Client(may_write=True)
        rig.pass_ms(10 * random.randrange(5))
    while under_way or rig.gateway.waiting():
        if under_way:
            rig.bus.end(*under_way)
            under_way = None
        rig.pass_ms(2000)
    for transaction, client in asked.items():
        times = [r for r in client.replies if r[0] == transaction]
        assert len(times) == 1, (transaction, times)
    assert [c.open for c in clients] == [0] * 9
    assert min(rig.gateway.counts[:7]) > 0, rig.gateway.counts
