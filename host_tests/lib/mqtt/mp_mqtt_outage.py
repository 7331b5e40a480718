"""Hours of outages, dead peers and heavy traffic for the MQTT client, on the virtual clock, in a bounded heap."""

import asyncio
import gc
import time
from errno import EHOSTUNREACH

import uplink_share
from mqtt_script import Pair


def used():
    gc.collect()
    return gc.mem_alloc()


async def test_a_silent_connection_is_pinged_every_half_keep_alive():
    p = Pair(keepalive=30)
    await p.start()
    await asyncio.sleep_ms(10 * 60_000)
    assert 38 <= len(p.broker.heard(12)) <= 40
    assert p.client.connections == 1 and p.client.connected


async def test_a_half_open_connection_is_given_up_after_one_and_a_half_keep_alive():
    """Publishing goes on and seems to go well; only what is received counts.

    Proves: REL-1+, NET-4+
    """
    p = Pair(keepalive=30)
    p.broker.pongs = False
    await p.start()
    began = time.passed_ms()
    while p.client.connected:
        p.client.publish("a", "1")
        await asyncio.sleep_ms(1000)
    assert 44_000 <= time.passed_ms() - began <= 47_000
    assert p.client.last_error == "nothing received for 45 s"
    assert len(p.broker.heard(12)) >= 2
    assert p.broker.streams[0].closed


async def test_what_is_received_keeps_a_connection_but_the_broker_still_hears_from_us():
    """The broker closes after one and a half keep-alive times without a packet of ours [3.1.2.10]."""
    p = Pair(keepalive=30)
    p.broker.pongs = False
    await p.start()
    for _ in range(300):
        p.broker.say(b"\x30\x03\x00\x01t")
        await asyncio.sleep_ms(1000)
    assert p.client.connections == 1
    assert len(p.broker.heard(12)) >= 18


async def test_a_peer_that_takes_no_bytes_is_given_up():
    p = Pair(keepalive=30)
    await p.start()
    p.broker.window = 0
    p.client.publish("a", "x")
    await asyncio.sleep_ms(44_000)
    assert p.client.connected
    await asyncio.sleep_ms(3000)
    assert len(p.broker.streams) == 2 and p.broker.streams[0].closed


async def test_a_broker_that_acknowledges_nothing_is_left_after_thirty_seconds():
    """It answers pings, so keep-alive alone would hold it for ever.

    Proves: REL-1+
    """
    for question in ("publish", "subscribe"):
        p = Pair()
        p.broker.pubacks = p.broker.subacks = False
        await p.start()
        if question == "publish":
            p.client.publish("a", "1", qos=1)
        else:
            p.client.subscribe("a")
        await asyncio.sleep_ms(29_000)
        assert p.client.connected
        await asyncio.sleep_ms(1500)
        assert p.client.last_error == "the broker acknowledges nothing"
        p.task.cancel()


async def test_a_message_that_is_passed_over_slowly_is_a_sign_of_life():
    p = Pair(keepalive=30, limit=64)
    await p.start()
    p.broker.pongs = False
    p.broker.say(b"\x30\x80\x08\x00\x01t" + b"x" * 124)
    for _ in range(89):
        p.broker.say(b"x" * 10)
        await asyncio.sleep_ms(1000)
    p.broker.say(b"x" * 7)
    await asyncio.sleep_ms(100)
    assert p.client.oversize == 1 and p.client.connections == 1


async def test_attempts_come_less_often_and_a_return_is_noticed_within_a_minute():
    """Proves: REL-1+, NET-3+"""
    p = Pair()
    p.broker.refuse = EHOSTUNREACH
    await p.start()
    await asyncio.sleep_ms(4 * 3600_000)
    assert 240 <= p.broker.reached <= 500  # 30 to 60 s each
    p.broker.refuse = None
    began = time.passed_ms()
    while not p.client.connected:
        await asyncio.sleep_ms(100)
    assert time.passed_ms() - began <= 61_000


async def test_a_broker_that_drops_each_login_is_not_hammered():
    p = Pair()
    p.broker.connack = b"\x20\x02\x00\x00\xff"
    await p.start()
    await asyncio.sleep_ms(600_000)
    assert p.broker.reached <= 26
    assert p.client.connections == p.broker.reached


async def test_after_a_steady_connection_the_first_pause_is_short_again():
    p = Pair()
    p.broker.refuse = EHOSTUNREACH
    await p.start()
    await asyncio.sleep_ms(600_000)
    p.broker.refuse = None
    await asyncio.sleep_ms(130_000)
    p.broker.hang_up()
    await asyncio.sleep_ms(1200)
    assert p.client.connections == 2


async def test_a_broker_that_drops_a_proved_connection_every_22_s_is_there_most_of_the_time():
    """Proves: NET-3+"""
    assert await uplink_share.share() > 0.9


async def test_hurry_ends_the_pause():
    p = Pair()
    p.broker.refuse = EHOSTUNREACH
    await p.start()
    await asyncio.sleep_ms(600_000)
    before = p.broker.reached
    p.broker.refuse = None
    p.client.hurry()
    await asyncio.sleep_ms(700)
    assert p.client.connected and p.broker.reached == before + 1


async def test_the_beat_never_pauses_longer_than_five_seconds():
    """Through connect, silence, refusal and pauses."""
    p = Pair()
    longest = last = 0

    def beat():
        nonlocal longest, last
        now = time.passed_ms()
        longest = max(longest, now - last)
        last = now

    p.beat = beat
    last = time.passed_ms()
    await p.start()
    await asyncio.sleep_ms(60_000)
    p.broker.connack = b""
    p.broker.hang_up()
    await asyncio.sleep_ms(120_000)
    p.broker.refuse = EHOSTUNREACH
    await asyncio.sleep_ms(600_000)
    assert 0 < longest <= 505  # the last 5 are the script's


async def test_ten_thousand_messages_each_way_leave_the_heap_as_it_was():
    """Proves: REL-2+"""
    p = Pair()
    p.broker.keep_packets = False
    p.client.set_callback(lambda topic, payload, retained: None)
    await p.start()
    payload = b'{"power_w": 1234.5}'
    for n in range(10_100):
        if n == 100:
            before = used()
        assert p.client.publish("state", payload, qos=n & 1)
        p.broker.say(b"\x32\x09\x00\x03cmd\x00\x07ON")
        await asyncio.sleep_ms(100)
    assert (p.client.sent, p.client.received, p.client.queued) == (10_100, 10_100, 0)
    assert p.client._last_id == 5050
    assert used() - before < 1024


async def test_hours_without_a_broker_leave_the_heap_as_it_was_and_state_resumes():
    """Proves: REL-2+, REL-1+"""
    p = Pair()
    await p.start()
    p.broker.refuse = EHOSTUNREACH
    p.broker.hang_up()
    before = 0
    for n in range(12 * 3600):
        if n == 600:
            before = used()
        p.client.publish("state", b"%06d" % n, latest=True)
        p.client.publish("event", b"%06d" % n)
        if n % 3000 == 0:
            p.client.publish("command", b"%06d" % n, qos=1)
        await asyncio.sleep_ms(1000)
    assert used() - before < 2048
    assert p.client.queued == 16
    p.broker.refuse = None
    p.client.hurry()
    await asyncio.sleep_ms(2000)
    sent = p.broker.heard(3)
    assert sent.count(b"\x00\x05state043199") == 1
    commands = {body[11:] for body in sent if body[2:9] == b"command"}
    assert len(commands) == 15  # none of them lost
    assert p.client.queued == 0


async def test_a_thousand_broken_connections_leave_the_heap_as_it_was():
    """Proves: REL-2+"""
    p = Pair()
    p.broker.keep_packets = False
    p.client.subscribe("t", 1)
    await p.start()
    for n in range(1100):
        if n == 100:
            before = used()
        p.client.publish("a", b"x" * 600, qos=1)
        await asyncio.sleep_ms(200)
        p.broker.say(b"\x30\x7f\x00\x01t")
        p.broker.hang_up()
        await asyncio.sleep_ms(100)
        p.client.hurry()
        p.broker.streams = p.broker.streams[-1:]
        await asyncio.sleep_ms(700)
    assert p.client.connections >= 1000
    assert used() - before < 1024
