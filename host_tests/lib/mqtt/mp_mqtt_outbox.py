"""The bounded queue of outgoing messages, and the pause between attempts to connect."""

from mqtt.errors import pause_ms
from mqtt.outbox import Outbox


class Ids:
    def __init__(self):
        self.last = 0

    def __call__(self):
        self.last += 1
        return self.last


def put(box, topic, payload=b"", qos=0, latest=False):
    return box.put(topic, payload, qos, False, latest)


def drain(box, ids, now=0):
    """Return (topic, payload, packet id, duplicate) of everything that goes out now."""
    out = []
    while True:
        m = box.next_message(ids)
        if not m:
            return out
        box.written(m, now)
        out.append((m.topic, m.payload, m.packet_id, m.duplicate))


def test_messages_leave_in_order_and_only_those_with_qos_1_stay_until_puback():
    box, ids = Outbox(4, 100), Ids()
    assert put(box, "a", b"1") and put(box, "b", b"2", 1) and put(box, "c", b"3")
    assert drain(box, ids) == [("a", b"1", 0, False), ("b", b"2", 1, False), ("c", b"3", 0, False)]
    assert (len(box), box.size) == (1, 2)
    assert not box.acknowledge(2)
    assert box.acknowledge(1)
    assert not box.acknowledge(1)
    assert (len(box), box.size) == (0, 0)


def test_a_full_queue_drops_its_oldest_qos_0_message():
    box = Outbox(3, 1000)
    put(box, "a"), put(box, "b", qos=1), put(box, "c")
    assert put(box, "d")
    assert put(box, "e", qos=1)
    assert [m[0] for m in drain(box, Ids())] == ["b", "d", "e"]
    assert box.dropped == 2


def test_a_queue_full_of_qos_1_turns_new_messages_away():
    box = Outbox(2, 1000)
    assert put(box, "a", qos=1) and put(box, "b", qos=1)
    assert not put(box, "c", qos=1)
    assert not put(box, "d")
    assert (len(box), box.dropped) == (2, 2)


def test_the_bound_in_bytes_counts_topics_and_payloads():
    box = Outbox(100, 10)
    assert put(box, "a", b"1234") and put(box, "b", b"1234")
    assert put(box, "c", b"123")
    assert [m[0] for m in drain(box, Ids())] == ["b", "c"]
    assert put(box, "d", b"x" * 9)
    assert not put(box, "e", b"x" * 10)


def test_latest_values_give_way_last_and_never_to_plain_messages():
    box = Outbox(3, 100)
    put(box, "a", latest=True), put(box, "b"), put(box, "c", latest=True)
    assert put(box, "d") and put(box, "e")
    assert [m[0] for m in drain(box, Ids())] == ["a", "c", "e"]
    put(box, "a", latest=True), put(box, "c", latest=True), put(box, "q", qos=1)
    assert not put(box, "d")
    assert put(box, "r", qos=1)
    assert put(box, "b", latest=True)
    assert [m[0] for m in drain(box, Ids())] == ["q", "r", "b"]


def test_nothing_is_dropped_for_a_message_that_has_no_place_anyway():
    box = Outbox(100, 10)
    put(box, "a", b"123"), put(box, "b", b"123", 1)
    assert not put(box, "c", b"x" * 8)
    assert len(box) == 2


def test_the_latest_value_takes_the_place_of_the_one_that_waits():
    box = Outbox(3, 100)
    put(box, "a", b"1", latest=True), put(box, "b", b"1"), put(box, "a", b"22", latest=True)
    assert (len(box), box.size, box.dropped) == (2, 5, 0)
    assert [m[:2] for m in drain(box, Ids())] == [("a", b"22"), ("b", b"1")]


def test_the_latest_value_replaces_no_message_of_another_qos_and_none_under_way():
    box, ids = Outbox(5, 100), Ids()
    put(box, "a", b"1", 1)
    writing = box.next_message(ids)
    put(box, "a", b"2", 1, latest=True), put(box, "a", b"3", 0, latest=True)
    assert writing.payload == b"1"
    assert len(box) == 3


def test_a_latest_value_that_grew_makes_room_without_dropping_itself():
    box = Outbox(5, 12)
    put(box, "a", b"1", latest=True), put(box, "b", b"1234"), put(box, "c", b"1234")
    assert put(box, "a", b"123456", latest=True)
    assert [m[0] for m in drain(box, Ids())] == ["a", "c"]


def test_a_message_being_written_is_not_dropped():
    box, ids = Outbox(1, 100), Ids()
    put(box, "a")
    m = box.next_message(ids)
    assert not put(box, "b")
    box.written(m, 0)
    assert put(box, "c")


def test_eight_qos_1_messages_may_wait_for_puback_and_qos_0_overtakes():
    box, ids = Outbox(20, 1000), Ids()
    for i in range(10):
        put(box, "q%d" % i, qos=1)
    put(box, "plain")
    assert [m[0] for m in drain(box, ids)] == ["q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "plain"]
    box.acknowledge(3)
    assert [m[0] for m in drain(box, ids)] == ["q8"]


def test_after_a_broken_connection_qos_1_goes_again_first_with_its_id_and_dup():
    box, ids = Outbox(20, 1000), Ids()
    put(box, "a", qos=1), put(box, "b", qos=1), put(box, "c")
    first = box.next_message(ids)
    box.written(first, 0)
    box.next_message(ids)  # b is half written
    box.disconnected()
    put(box, "d", qos=1)
    assert drain(box, ids) == [
        ("a", b"", 1, True),
        ("b", b"", 2, True),
        ("c", b"", 0, False),
        ("d", b"", 3, False),
    ]


def test_a_plain_message_that_was_half_written_goes_again_whole():
    box, ids = Outbox(20, 1000), Ids()
    put(box, "a")
    box.next_message(ids)
    box.disconnected()
    assert [m[0] for m in drain(box, ids)] == ["a"]


def test_a_puback_before_the_end_of_its_message_does_no_harm():
    box, ids = Outbox(20, 1000), Ids()
    put(box, "a", qos=1)
    m = box.next_message(ids)
    assert box.acknowledge(1)
    box.written(m, 0)
    assert (len(box), box.size) == (0, 0)


def test_the_silence_after_a_qos_1_message_is_measured_on_this_connection_only():
    box, ids = Outbox(20, 1000), Ids()
    put(box, "a", qos=1)
    assert box.silence_ms(5000) == 0
    drain(box, ids, 1000)
    assert box.silence_ms(5000) == 4000
    box.disconnected()
    assert box.silence_ms(9000) == 0


def test_pauses_double_from_one_second_to_one_minute_and_are_jittered_by_half():
    # fmt: off
    for failures, shortest, longest in (
        (0, 500, 1000), (1, 1000, 2000), (2, 2000, 4000), (3, 4000, 8000), (4, 8000, 16000), (5, 16000, 32000),
        (6, 30000, 60000), (7, 30000, 60000), (100000, 30000, 60000),
    ):
        # fmt: on
        assert pause_ms(failures, 0) == shortest
        assert pause_ms(failures, 1023) == longest
        assert shortest < pause_ms(failures, 512) < longest


def test_a_payload_is_lent_while_it_is_written_or_waits_under_another_topic():
    box, ids = Outbox(4, 1000), Ids()
    payload = memoryview(bytearray(b"abc"))
    assert not box.lent(payload, "t")
    put(box, "t", payload)
    assert not box.lent(payload, "t") and box.lent(payload, "other")
    message = box.next_message(ids)
    assert box.lent(payload, "t")
    box.disconnected()
    assert not box.lent(payload, "t")
    box.written(box.next_message(ids), 0)
    assert message.payload is payload and not box.lent(payload, "other")
