"""Connections of the MQTT client with a scripted broker on the virtual clock: login, subscriptions, rubbish, leave."""

import asyncio
from errno import ECONNREFUSED

from mqtt.errors import MQTTException, ProtocolError, in_words
from mqtt_script import Broker, Pair, make


async def raises(kind, awaitable):
    try:
        await awaitable
    except kind as e:
        return e
    return None


async def test_the_client_logs_in_as_asked():
    broker = Broker()
    client = make(broker, user="u", password="pw", keepalive=300)
    client.set_last_will("w/t", b"off", True, 1)
    assert await client.connect() is False
    assert broker.packets == [
        (0x10, b"\x00\x04MQTT\x04\xee\x01\x2c\x00\x06bridge\x00\x03w/t\x00\x03off\x00\x01u\x00\x02pw")
    ]
    assert client.connected and client.connections == 1 and client.since is not None


async def test_a_kept_session_is_reported():
    broker = Broker()
    broker.connack = b"\x20\x02\x01\x00"
    client = make(broker)
    assert await client.connect(False) is True
    assert broker.packets[0][1][7] == 0  # flags without clean session


async def test_a_refused_login_is_told_in_words():
    """Proves: REL-1+"""
    broker = Broker()
    client = make(broker, user="u", password="secret")
    for code, words in (
        (1, "login refused: the broker does not take MQTT 3.1.1; allow that version there"),
        (2, "login refused: client id not allowed"),
        (3, "login refused: the broker is not available; it says so itself"),
        (4, "login refused: wrong user or password"),
        (5, "login refused: not authorised; allow this user at the broker"),
        (99, "login refused: code 99"),
        (0x84, "login refused: the broker wants MQTT 5, this client speaks 3.1.1; allow that version at the broker"),
    ):
        broker.connack = b"\x20\x02\x00" + bytes((code,))
        e = await raises(MQTTException, client.connect())
        assert (e.code, in_words(e)) == (code, words)
        assert not client.connected and broker.streams[-1].closed


async def test_a_broker_that_does_not_answer_the_login_is_left_after_ten_seconds():
    p = Pair()
    p.broker.connack = b""
    await p.start()
    await asyncio.sleep_ms(9500)
    assert p.client.last_error == ""
    await asyncio.sleep_ms(500)
    assert p.client.last_error == "no answer to the login"
    assert p.broker.streams[0].closed


async def test_anything_before_connack_ends_the_connection():
    broker = Broker()
    for data in (b"\xd0\x00", b"\x30\x03\x00\x01t", b"HTTP/1.0 400 Bad Request\r\n"):
        broker.connack = data
        assert await raises(ProtocolError, make(broker).connect()), data
        assert broker.streams[-1].closed


async def test_what_is_no_broker_is_named():
    broker = Broker()
    for data, words in (
        (b"\x15\x03\x03\x00\x02\x02\x46", "this port speaks TLS; name the broker's port without it"),
        (b"\x16\x03\x03\x00\x7a", "this port speaks TLS; name the broker's port without it"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "this is a web server, not a broker; name the broker's port"),
        (b"SSH-2.0-dropbear\r\n", "this is an SSH server, not a broker; name the broker's port"),
        (
            b"\x20\x03\x00\x84\x00",
            "the broker wants MQTT 5, this client speaks 3.1.1; allow that version at the broker",
        ),
        (b"\x21\x02\x00\x00", "malformed: flags"),
    ):
        broker.connack = data
        e = await raises(ProtocolError, make(broker).connect())
        assert in_words(e) == words


async def test_it_is_known_what_the_broker_granted_and_what_it_refused_on_this_connection():
    p = Pair()
    p.client.subscribe("a")
    p.client.subscribe("b")
    granted = p.client.subscriptions.granted
    p.broker.subacks = False
    await p.start()
    assert (granted("a"), granted("b")) == (None, None)
    p.broker.say(b"\x90\x03\x00\x01\x00\x90\x03\x00\x02\x80")
    await asyncio.sleep_ms(100)
    assert (granted("a"), granted("b")) == (True, False)
    p.broker.hang_up()
    await asyncio.sleep_ms(1500)
    assert p.client.connected and (granted("a"), granted("b")) == (None, None)


async def test_nothing_is_tried_while_there_is_no_network():
    p = Pair()
    network = []
    p.task = asyncio.create_task(p.client.run(p.beat, ready=lambda: bool(network)))
    await asyncio.sleep_ms(600_000)
    assert p.broker.reached == 0 and p.beats > 1000
    network.append(True)
    await asyncio.sleep_ms(1000)
    assert p.client.connected


async def test_rubbish_ends_the_connection_and_a_new_one_starts_clean():
    """Proves: REL-1+"""
    p = Pair()
    p.client.subscribe("t")
    await p.start()
    p.broker.say(b"\x30\x03\x00\x01")  # the beginning of a message
    await asyncio.sleep_ms(100)
    p.broker.say(b"#\xff\xff")
    await asyncio.sleep_ms(100)
    assert p.client.last_error.startswith("malformed") and not p.client.connected
    await asyncio.sleep_ms(1500)
    assert p.client.connected and p.client.connections == 2
    assert len(p.broker.heard(8)) == 2


async def test_a_second_connack_and_qos_2_are_refused():
    for data in (b"\x20\x02\x00\x00", b"\x34\x05\x00\x01t\x00\x07", b"\x62\x02\x00\x01"):
        p = Pair()
        await p.start()
        p.broker.say(data)
        await asyncio.sleep_ms(100)
        assert not p.client.connected, data
        p.task.cancel()


async def test_subscriptions_change_while_connected_and_a_refused_one_is_named():
    p = Pair()
    await p.start()
    p.client.subscribe("a")
    p.client.subscribe("b", 1)
    await asyncio.sleep_ms(100)
    p.client.unsubscribe("a")
    p.client.unsubscribe("never")
    await asyncio.sleep_ms(100)
    assert p.broker.packets[1:] == [
        (0x82, b"\x00\x01\x00\x01a\x00"),
        (0x82, b"\x00\x02\x00\x01b\x01"),
        (0xA2, b"\x00\x03\x00\x01a"),
    ]
    p.broker.subacks = False
    p.client.subscribe("c")
    await asyncio.sleep_ms(100)
    p.broker.say(b"\x90\x03\x00\x04\x80")
    await asyncio.sleep_ms(100)
    assert p.client.last_error == "subscription refused: c"


async def test_disconnect_sends_what_is_queued_takes_leave_and_ends_run():
    p = Pair()
    await p.start()
    p.client.publish("a", "1", qos=1)
    await p.client.disconnect()
    assert p.broker.packets[1:] == [(0x32, b"\x00\x01a\x00\x011"), (0xE0, b"")]
    assert p.broker.streams[0].closed
    await asyncio.sleep_ms(1000)
    assert p.task.done() and not p.client.connected


async def test_disconnect_waits_two_seconds_at_most_and_nothing_follows_its_packet():
    p = Pair()
    p.broker.pubacks = False
    await p.start()
    for _ in range(10):  # two more than may wait for PUBACK
        p.client.publish("a", "1", qos=1)
    await asyncio.wait_for(p.client.disconnect(), 3)
    assert len(p.broker.heard(3)) == 8
    assert p.broker.packets[-1] == (0xE0, b"")


async def test_when_time_is_up_the_leave_is_the_last_packet():
    p = Pair()
    await p.start()
    p.broker.window = 0
    for topic in ("a", "b", "c"):
        p.client.publish(topic, "")
    leaving = asyncio.create_task(p.client.disconnect())
    await asyncio.sleep_ms(1980)
    p.broker.window = 1000
    await leaving
    assert p.broker.packets[1:] == [(0x30, b"\x00\x01a"), (0xE0, b"")]


async def test_stop_from_a_callback_ends_run_without_leave():
    """Connected, logging in, and in the pause between attempts."""
    for trouble in ("none", "silent", "refused"):
        p = Pair()
        if trouble == "silent":
            p.broker.connack = b""
        if trouble == "refused":
            p.broker.refuse = ECONNREFUSED
        await p.start()
        p.on_beat = p.client.stop
        await asyncio.sleep_ms(1100)
        assert p.task.done(), trouble
        assert not p.broker.heard(14) and all(stream.closed for stream in p.broker.streams)


async def test_one_connection_can_be_driven_by_hand():
    """connect, check_msg, disconnect as in umqtt.simple, with awaits."""
    broker = Broker()
    client = make(broker)
    assert await raises(OSError, by_hand(client))  # not connected
    await client.connect()
    client.publish("a", "1")
    client.ping()
    while client.check_msg():
        pass
    assert broker.packets[1:] == [(0xC0, b""), (0x30, b"\x00\x01a1")]
    broker.hang_up()
    assert await raises(OSError, by_hand(client))
    assert not client.connected
    await client.connect()
    await client.disconnect()
    assert broker.packets[-1] == (0xE0, b"")


async def by_hand(client):
    client.check_msg()


async def test_misuse_is_told_at_once():
    client = make(Broker())
    for misuse in (
        lambda: client.publish("a/#", "x"),
        lambda: client.publish("", "x"),
        lambda: client.publish("a", "x", qos=2),
        lambda: client.subscribe("", 0),
        lambda: client.subscribe("a", 2),
        lambda: client.set_last_will("+", "x"),
        lambda: make(Broker(), keepalive=0),
        lambda: make(Broker(), limit=15),
    ):
        try:
            misuse()
        except ValueError:
            continue
        raise AssertionError("taken")
    assert client.queued == 0


async def test_the_connected_callback_comes_with_each_login_and_may_publish():
    p = Pair()
    kept = []

    def connected(session_present):
        kept.append(session_present)
        p.client.publish("status", "online", True, 1, latest=True)

    p.client.set_callback(None, connected=connected)
    await p.start()
    p.broker.hang_up()
    await asyncio.sleep_ms(1500)
    assert kept == [False, False]
    assert p.broker.heard(3) == [b"\x00\x06status\x00\x01online", b"\x00\x06status\x00\x02online"]


async def test_the_way_to_the_broker_may_fail_and_the_error_is_named():
    """When it tries again is random within bounds, so each error is waited for."""
    p = Pair()
    p.broker.refuse = ECONNREFUSED
    await p.start()
    assert p.client.last_error == "nobody listens there: is the broker running, and is its port right?"
    p.broker.refuse = -6
    await told(p, "error -6", 1000)
    p.broker.refuse = None
    p.broker.write_error = 104
    await told(p, "the broker ended the connection", 2000)
    assert p.broker.streams and all(s.closed for s in p.broker.streams)


async def told(p, error, within_ms):
    for _ in range(within_ms // 10 + 10):
        if p.client.last_error == error:
            return
        await asyncio.sleep_ms(10)
    raise AssertionError("not %r but %r after %d ms" % (error, p.client.last_error, within_ms))
