"""Messages of the MQTT client to and from a scripted broker on the virtual clock: order, QoS 1, ids, limits."""

import asyncio
import time

from mqtt_script import Pair


async def raises(kind, awaitable):
    try:
        await awaitable
    except kind as e:
        return e
    return None


async def test_queued_messages_go_out_after_the_login_and_subscriptions_before_them():
    p = Pair()
    p.client.publish("a", "1")
    p.client.publish(b"b", bytearray(b"2"), True, 1)
    p.client.subscribe("c/#", 1)
    await p.start()
    assert p.broker.packets[1:] == [
        (0x82, b"\x00\x01\x00\x03c/#\x01"),
        (0x30, b"\x00\x01a1"),
        (0x33, b"\x00\x01b\x00\x022"),
    ]
    assert (p.client.queued, p.client.sent, p.client.outbox.dropped) == (0, 2, 0)


async def test_a_long_message_goes_out_in_portions_while_the_loop_goes_on():
    p = Pair()
    p.broker.window = 100
    await p.start()
    p.client.publish("long", "x" * 5000)
    await asyncio.sleep_ms(60)
    assert p.broker.heard(3) == [b"\x00\x04long" + b"x" * 5000]
    assert p.beats > 50


async def test_a_qos_1_message_stays_until_puback_and_blocks_nothing():
    p = Pair()
    p.broker.pubacks = False
    await p.start()
    p.client.publish("a", "1", qos=1)
    p.client.publish("b", "2")
    await asyncio.sleep_ms(100)
    assert p.broker.packets[1:] == [(0x32, b"\x00\x01a\x00\x011"), (0x30, b"\x00\x01b2")]
    p.broker.say(b"\x30\x03\x00\x01t")
    await asyncio.sleep_ms(100)
    assert (p.client.received, p.client.queued) == (1, 1)
    p.broker.say(b"\x40\x02\x00\x09\x40\x02\x00\x01")  # an id that nobody asked for is passed over
    await asyncio.sleep_ms(100)
    assert p.client.queued == 0 and p.client.connected


async def test_a_qos_1_message_without_puback_goes_again_after_a_reconnect_with_dup_and_the_same_id():
    """Proves: NET-4+"""
    p = Pair()
    p.broker.pubacks = False
    await p.start()
    p.client.publish("a", "1", qos=1)
    await asyncio.sleep_ms(100)
    p.broker.hang_up()
    p.client.publish("b", "2", qos=1)
    await asyncio.sleep_ms(100)
    p.broker.pubacks = True
    await asyncio.sleep_ms(1500)
    assert [x for x in p.broker.packets if x[0] >> 4 == 3] == [
        (0x32, b"\x00\x01a\x00\x011"),
        (0x32, b"\x00\x01b\x00\x022"),
        (0x3A, b"\x00\x01a\x00\x011"),
        (0x3A, b"\x00\x01b\x00\x022"),
    ]
    assert p.client.queued == 0


async def test_packet_ids_wrap_to_1_and_pass_over_those_in_use():
    p = Pair()
    await p.start()
    p.client._last_id = 0xFFFE
    p.broker.pubacks = False
    p.client.publish("first", "", qos=1)
    await asyncio.sleep_ms(100)
    p.client._last_id = 0xFFFE  # 65,535 messages later
    p.client.publish("second", "", qos=1)
    p.client.subscribe("third")
    await asyncio.sleep_ms(100)
    p.client.publish("fourth", "", qos=1)
    await asyncio.sleep_ms(100)
    assert p.broker.packets[1:] == [
        (0x32, b"\x00\x05first\xff\xff"),
        (0x82, b"\x00\x01\x00\x05third\x00"),
        (0x32, b"\x00\x06second\x00\x02"),
        (0x32, b"\x00\x06fourth\x00\x03"),
    ]


async def test_a_packet_id_of_an_unanswered_subscription_is_passed_over():
    p = Pair()
    p.broker.subacks = False
    await p.start()
    p.client.subscribe("t")
    await asyncio.sleep_ms(100)
    p.client._last_id = 0
    p.client.publish("a", "", qos=1)
    await asyncio.sleep_ms(100)
    assert p.broker.packets[1:] == [(0x82, b"\x00\x01\x00\x01t\x00"), (0x32, b"\x00\x01a\x00\x02")]


async def test_inbound_messages_are_delivered_and_acknowledged_after_the_callback():
    p = Pair()
    seen = []
    p.client.set_callback(lambda *a: seen.append((a, len(p.broker.heard(4)))))
    await p.start()
    p.broker.say(b"\x33\x07\x00\x01t\x00\x07hi" + b"\x3a\x07\x00\x01t\x00\x07hi" + b"\x30\x04\x00\x01t\xff")
    await asyncio.sleep_ms(100)
    assert seen[0] == (("t", b"hi", True), 0)
    assert [message for message, _ in seen[1:]] == [("t", b"hi", False), ("t", b"\xff", False)]
    assert p.broker.heard(4) == [b"\x00\x07", b"\x00\x07"]


async def test_an_exception_in_the_callback_is_the_callers_and_gives_no_puback():
    p = Pair()

    def fail(topic, payload, retained):
        raise ZeroDivisionError

    p.client.set_callback(fail)
    await p.start()
    p.broker.say(b"\x32\x05\x00\x01t\x00\x07")
    assert await raises(ZeroDivisionError, p.task)
    assert p.broker.heard(4) == [] and p.broker.streams[0].closed


async def test_a_message_over_the_limit_is_reported_acknowledged_and_the_connection_stays():
    """Proves: REL-1+, SEC-1+"""
    p = Pair(limit=64)
    seen, long = [], []
    p.client.set_callback(lambda topic, payload, retained: seen.append(payload), lambda *a: long.append(a))
    await p.start()
    p.broker.say(b"\x32\xc7\x10\x00\x03cmd\x00\x09" + b"x" * (2119 - 7) + b"\x30\x05\x00\x03cmd")
    await asyncio.sleep_ms(100)
    assert (seen, long) == ([b""], [("cmd", 2119)])
    assert p.broker.heard(4) == [b"\x00\x09"]
    assert (p.client.oversize, p.client.received, p.client.connections) == (1, 1, 1)
    assert p.client.last_error == "message of 2119 bytes passed over"


async def test_a_flood_is_taken_four_packets_at_a_turn():
    p = Pair()
    seen = []
    p.client.set_callback(lambda topic, payload, retained: seen.append(p.beats))
    await p.start()
    p.broker.say(b"\x30\x03\x00\x01t" * 1000)
    await asyncio.sleep_ms(400)
    assert len(seen) == 1000
    assert max(seen.count(turn) for turn in set(seen)) <= 4


async def test_messages_that_take_long_are_obeyed_one_a_turn_and_others_get_as_much_time_between_them():
    """Proves: DRM-2+"""
    p = Pair()
    looks, obeyed = [], []

    def obey(topic, payload, retained):
        obeyed.append(len(looks))
        time.pass_ms(300)

    async def look():
        while True:
            looks.append(time.passed_ms())
            await asyncio.sleep_ms(10)

    p.client.set_callback(obey)
    await p.start()
    looking = asyncio.create_task(look())
    p.broker.say(b"\x30\x03\x00\x01t" * 6)
    await asyncio.sleep_ms(4000)
    looking.cancel()
    between = [after - before for before, after in zip(obeyed, obeyed[1:])]
    assert len(obeyed) == 6 and min(between) >= 30, between  # a look each 10 ms of 300


async def test_a_broker_that_reads_nothing_gets_no_more_questions_answered():
    """Acknowledgements do not pile up: reading stops until they are gone.

    Proves: REL-1+, REL-2+
    """
    p = Pair()
    await p.start()
    p.broker.window = 0
    p.broker.say(b"\x32\x05\x00\x01t\x00\x07" * 200)
    await asyncio.sleep_ms(1000)
    assert p.client.received <= 16
    p.broker.window = 1000
    await asyncio.sleep_ms(1000)
    assert p.client.received == 200 and len(p.broker.heard(4)) == 200
