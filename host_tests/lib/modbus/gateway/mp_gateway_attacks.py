# heap: 2m
"""Bad clients of the gateway on the virtual clock: when they are dropped, and that the bus goes on for everybody else.

What the kernel's sockets and the memory of a process make of them is in test_gateway_attacks.py.
"""

import asyncio
import time

from gateway_clients import connected, read_request, run, share

_POLL = {"poll_ms": 250, "reply_ms": 800, "freshness_ms": 200, "idle_ms": 3000}
_LATEST_POLL_MS = 300  # a poll waits for one exchange of a client


async def _closed_after_ms(socks, since_ms):
    """Return the time from since_ms until the last of them has been closed by the gateway; 10 s at most."""
    while any([sock.read(300) != b"" for sock in socks]):
        assert time.passed_ms() - since_ms < 10000, "not closed"
        await asyncio.sleep_ms(1)
    return time.passed_ms() - since_ms


def _polls_go_on(served):
    assert served.bus.polls > 5 and served.bus.poll_failures == 0
    assert served.bus.longest_gap_ms < _LATEST_POLL_MS


def test_a_request_that_never_ends_is_dropped_after_three_seconds():
    async def story(served):
        good = served.asker(0)
        began_ms = time.passed_ms()
        halves = [connected() for _ in range(4)]
        for n, sock in enumerate(halves):
            sock.write(read_request(0)[: 3 + 2 * n])
        (count,) = await share([good], 2)
        assert count > 60 and good.longest_ms < 60
        assert 3000 <= await _closed_after_ms(halves, began_ms) <= 3150
        _polls_go_on(served)

    run(story, 2, **_POLL)


def test_who_asks_nothing_is_dropped_when_idle_for_too_long():
    """So also a client whose machine has vanished, for it asks nothing any more."""

    async def story(served):
        silent, asked = connected(), served.asker(0)
        began_ms = time.passed_ms()
        await share([asked], 1)
        assert 3000 <= await _closed_after_ms([silent], began_ms) <= 3150
        assert 3900 <= await _closed_after_ms([asked.socket], began_ms) <= 4150
        assert served.server.dropped == 2 and served.server.clients() == 0

    run(story, 2, **_POLL)


def test_a_flood_of_requests_on_every_connection_leaves_the_bus_to_the_others():
    """A good client's turn comes after one exchange of each of the others. Proves: COM-9+, REL-1+"""

    async def story(served):
        good = served.asker(7)
        crowd = [served.asker(n, ahead=0) for n in range(6)]
        counts = await share([good] + crowd, 4)
        assert min(counts) > 15 and good.longest_ms < 300, (counts, good.longest_ms)
        _polls_go_on(served)

    run(story, 2, **_POLL)


def test_a_hundred_connections_keep_nobody_out():
    """A good client that polls keeps its place; who only sits there gives way to who comes. Proves: REL-1+"""

    async def story(served):
        good = served.asker(0)
        (count,) = await share([good], 1)
        crowd = [connected() for _ in range(100)]
        more = await share([good], 2)
        assert more[0] > 60 and good.longest_ms < 60, (count, more, good.longest_ms)
        newcomer = served.asker(1)
        assert min(await share([good, newcomer], 2)) > 20 and newcomer.longest_ms < 500, newcomer.longest_ms
        assert served.server.clients() <= 8
        for sock in crowd:
            sock.close()
        _polls_go_on(served)

    run(story, 2, **_POLL)
