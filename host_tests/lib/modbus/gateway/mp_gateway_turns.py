# heap: 1m
"""Who waits for the gateway's bus, for how long, and what becomes of those who are late, gone or in the wrong place."""

import random

import clock
from gateway_rig import UNIT, Bus, Client, Rig
from modbus.gateway.gateway import COUNT_NAMES
from modbus.wire import rtu

READ_10 = "03 0064 000A"  # 10 registers from 100
READ_2 = "03 0066 0002"  # 2 of them, from 102
REPLY_2 = "030400660067"


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


def test_the_bus_has_two_exchanges_at_most_and_not_of_one_client_or_slave():
    rig, greedy = Rig(places=99), Client()
    for unit in range(1, 5):
        rig.ask(greedy, READ_2, unit)
    assert [row[0] for row in rig.bus.waiting] == [1]
    for i in range(20):
        rig.ask(Client(), bytes((3, 0, i, 0, 1)), unit=6)
    assert [row[0] for row in rig.bus.waiting] == [1, 6] and rig.gateway.waiting() == 24
    rig.bus.run()
    assert [row[0] for row in rig.bus.waiting] == [6, 2]  # the next one at once, without a step
    rig.bus.run()
    assert [row[0] for row in rig.bus.waiting] == [2, 6]


def test_who_waits_for_what_others_asked_for_has_had_its_turn_too():
    """Five ask for the same again and again, three at once; one asks for something else: it gets every second turn."""
    rig, other = Rig(freshness_ms=0), Client()
    crowd = [Client() for _ in range(5)]
    for i in range(60):
        for client in crowd:
            while client.open < 3:
                rig.ask(client, bytes((3, 1, 2 * (i + client.open), 0, 1)))
        if not other.open:
            rig.ask(other, READ_2)
        rig.bus.run()
    assert len(other.replies) >= 25, len(other.replies)


def served(rig, clients, ms):
    """Let clients ask for ms: each as often as it may have open; who may have one asks 10 ms after its reply. Return
    how many replies each got. One exchange takes 50 ms."""
    for _ in range(ms // 50):
        for number, (client, most) in enumerate(clients):
            while client.open < most:
                rig.ask(client, bytes((3, number, rig.transaction % 200, 0, 1)), unit=1 + rig.transaction % 3)
        sending = rig.bus.take()
        rig.pass_ms(10)
        for number, (client, most) in enumerate(clients):
            while client.open < most:
                rig.ask(client, bytes((3, number, rig.transaction % 200, 0, 1)), unit=1 + rig.transaction % 3)
        rig.bus.end(*sending, took_ms=40)
    return [len(client.replies) for client, _ in clients]


def test_the_bus_is_shared_alike_by_those_who_ask_ahead_and_those_who_do_not():
    """Each asks for registers of its own. Proves: COM-8+"""
    for asked_ahead in ((4, 1), (4, 4, 1), (4, 4, 4, 4, 1, 1, 1, 1), (1, 4, 4, 4, 4, 4, 4, 4)):
        rig = Rig(freshness_ms=0, deadline_ms=3000)
        counts = served(rig, [(Client(), most) for most in asked_ahead], 12000)
        assert sum(counts) > 230 and max(counts) <= 1.1 * min(counts), (asked_ahead, counts)


def test_who_comes_anew_for_each_request_gets_no_more_than_who_stays():
    """Two come, ask once and go, and two more come at once. Proves: COM-8+"""
    rig, stayer = Rig(freshness_ms=0), Client()
    comers = [Client(), Client()]
    gone = 0
    rig.ask(stayer, READ_2)
    rig.run_all()
    for i in range(90):
        if not stayer.open:
            rig.ask(stayer, READ_2)
        for place in range(2):
            if comers[place].replies:
                rig.gateway.leave(comers[place])
                comers[place] = Client()
                gone += 1
            if not comers[place].open:
                rig.ask(comers[place], bytes((3, 1 + place, i, 0, 1)))
        rig.bus.run()
    assert len(stayer.replies) >= 30 and gone >= 55, (len(stayer.replies), gone)


def test_slaves_that_the_bus_leaves_alone_hold_up_nobody():
    """Six clients ask six slaves that were silent and are not asked again soon; one more client polls."""
    rig, good = Rig(freshness_ms=0, deadline_ms=1500), Client()
    silent = (11, 12, 13, 14, 15, 16)
    others = [Client() for _ in silent]
    for unit, client in zip(silent, others):
        rig.ask(client, READ_2, unit)
        rig.bus.run(rtu.SILENT, 300, b"")
    rig.bus.left_alone = silent
    for i in range(480):
        rig.bus.log.clear()
        for unit, client in zip(silent, others):
            if not client.open:
                rig.ask(client, READ_2, unit)
        if not good.open:
            rig.ask(good, bytes((3, 0, i % 256, 0, 1)))
        if UNIT in [row[0] for row in rig.bus.waiting]:
            rig.bus.run(took_ms=0)
        rig.pass_ms(10)
    assert len(good.replies) == 480
    assert all([r[2] in ("830a", "830b") for c in others for r in c.replies])
    rig.bus.left_alone = ()
    for unit, client in zip(silent, others):
        client.replies.clear()
        for _ in range(2):
            rig.ask(client, READ_2, unit)
            rig.run_all()
        assert client.replies[-1][2] == REPLY_2, client.replies


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


def test_a_slave_that_is_silent_to_the_bridge_is_reported_at_once_to_clients_too():
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(3):
        rig.gateway.overheard(UNIT, 3, 0, 2, rtu.SILENT, b"", 0, clock.ticks_ms())
        rig.pass_ms(250)
    rig.ask(client, READ_2)
    assert client.replies[0][2] == "830b" and rig.bus.waiting == []
    rig.gateway.overheard(UNIT, 6, 0, 1, rtu.OK, b"", 0, clock.ticks_ms())
    rig.ask(client, READ_2)
    assert rig.run_all() == 1 and client.replies[1][2] == REPLY_2


def test_noise_is_no_silence():
    rig, client = Rig(freshness_ms=0), Client()
    for _ in range(10):
        rig.ask(client, READ_2)
        rig.bus.run(rtu.BAD_CRC, 50, b"")
    assert len(rig.bus.log) == 10 and client.replies[-1][2] == "830b"


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
    counts = [0] * len(COUNT_NAMES)
    for seed in range(8):
        random.seed(seed)
        rig = Rig(freshness_ms=400, deadline_ms=700)
        chaos(rig)
        counts = [a + b for a, b in zip(counts, rig.gateway.counts)]
    assert min(counts[:7]) > 10, counts


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
