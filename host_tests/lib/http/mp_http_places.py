"""The listener and the server on the virtual clock, with sockets in memory: who gets a place, for how long, who has to go."""
# heap: 512k

import asyncio
import time
from asyncio import core
from http import listener, server

import memory_sockets

_PORT = 80

listener.socket = memory_sockets


class Talk(listener.Connection):
    """A connection that waits for its end."""

    async def serve(self):
        await asyncio.StreamReader(self.socket).read(1)


def opened(**changes):
    core._io_queue.poller = memory_sockets.Poller()
    values = {"places": 2, "first_ms": 50, "unused_ms": 1000, "reserve": 1024}
    values.update(changes)
    return listener.Listener("127.0.0.1", _PORT, lambda sock, peer: Talk(sock), **values)


def served(site):
    core._io_queue.poller = memory_sockets.Poller()
    return server.Server("127.0.0.1", _PORT, site)


def client():
    sock = memory_sockets.socket()
    sock.connect(("127.0.0.1", _PORT))
    return sock


async def steps(door, ms=30):
    for _ in range(ms):
        door.step()
        await asyncio.sleep_ms(1)


async def received(sock, door, ms=20000):
    """Return (what comes until the other side closes, after how many ms that was)."""
    got = b""
    since_ms = time.passed_ms()
    for _ in range(ms):
        piece = sock.read(1000)
        if piece == b"":
            return got, time.passed_ms() - since_ms
        got += piece or b""
        await steps(door, 1)
    raise AssertionError("was not closed")


class Was:
    """As much of a connection as least_useful looks at."""

    def __init__(self, since, asked, due):
        self.since = since
        self.asked = asked
        self.open = due


def test_who_never_asked_gives_way_first_then_who_asked_nothing_for_the_longest_time():
    fresh, silent, old, busy = Was(950, False, 0), Was(900, False, 0), Was(0, True, 0), Was(0, True, 1)

    def chosen(*connections):
        worst, hopeful = listener.least_useful(connections, 1000, 100, 500)
        return worst, hopeful

    assert chosen(busy, old, silent, fresh) == (silent, True)
    assert chosen(busy, old, fresh) == (old, True)
    assert chosen(busy, fresh) == (None, True)
    assert chosen(busy, Was(600, True, 0)) == (None, False)
    assert chosen(Was(100, True, 0), old) == (old, False)


async def test_a_place_is_kept_for_a_while_and_then_goes_to_the_next():
    door = opened()
    first = [client(), client()]
    await steps(door, 5)
    third = client()
    await steps(door, 5)
    assert (len(door.connections), door.accepted) == (2, 2)
    await steps(door, 80)
    assert (len(door.connections), door.accepted, door.dropped) == (2, 3, 1)
    assert (await received(first[0], door))[0] == b""
    door.close()
    assert door.connections == []
    third.close()


async def test_who_finds_no_place_waits_or_is_turned_away():
    for patient, turned_away in ((True, 0), (False, 1)):
        door = opened(patient=patient)
        held = [client(), client()]
        await steps(door, 5)
        for connection in door.connections:
            connection.asked, connection.open = True, 1
        held.append(client())
        await steps(door, 80)
        assert (len(door.connections), door.turned_away) == (2, turned_away)
        door.connections[0].open = 0
        door.connections[0].since -= 2000
        await steps(door)
        assert door.accepted == (3 if patient else 2)
        door.close()


async def test_who_comes_when_memory_ends_behind_the_reserve_is_closed_and_those_who_are_in_stay():
    def no_memory(*_):
        raise MemoryError

    door = opened(places=3)
    inside, stock = client(), (door._admit, listener.asyncio)
    await steps(door, 5)
    for door._admit, listener.asyncio in (no_memory, stock[1]), (stock[0], type("", (), {"create_task": no_memory})):
        sock = client()
        door.step()
        door._admit, listener.asyncio = stock
        assert (await received(sock, door))[0] == b""
    assert (len(door.connections), door.accepted, door.turned_away) == (1, 1, 2)
    door.close()
    assert (await received(inside, door))[0] == b"" and door.connections == []


class Echo(server.Site):
    async def answer(self, request):
        return 200, {}, bytes(await request.body()) if request.length else "here"


async def test_who_sends_a_head_and_no_body_is_told_after_five_seconds_that_time_is_up():
    """Also if the body trickles in. Who has sent no whole head has asked for nothing, and is closed. Proves: REL-1+"""
    post = b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"
    for sent, told in (
        (post + b"ab", b"HTTP/1.0 408 Refused\r\n\r\n"),
        (b"", b""),
        (b"GET / HT", b""),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b""),
    ):
        door = served(Echo())
        sock = client()
        sock.write(sent)
        got, after_ms = await received(sock, door)
        assert got == told and 5000 <= after_ms <= 5150, (sent, got, after_ms)
        door.close()
    door = served(Echo())
    sock = client()
    sock.write(post)
    since_ms = time.passed_ms()
    while sock.read(1) is None:
        sock.write(b" ")
        await steps(door, 500)
    assert 5000 <= time.passed_ms() - since_ms <= 5600
    door.close()


async def test_slow_senders_on_all_places_keep_nobody_out_for_longer_than_half_a_second():
    """Proves: REL-1+"""
    door = served(Echo())
    slow = [client() for _ in range(8)]
    for sock in slow:
        sock.write(b"GET /network HTTP/1.1\r\n")
    await steps(door, 600)
    asking = client()
    asking.write(b"GET / HTTP/1.1\r\n\r\n")
    got, after_ms = await received(asking, door)
    assert got.endswith(b"here") and after_ms <= 550, (got, after_ms)
    door.close()
