"""What is announced to Home Assistant and when that counts as done; the uplink in words."""

from bridge.logic.doors import announcing
from bridge.state import State

MESSAGES = 5


def _announcing():
    made = announcing.Announcing()
    made.messages = MESSAGES
    return made


def _all(a):
    return [a.next_message() for _ in range(MESSAGES + 2)]


def test_each_message_goes_once_and_the_end_is_known_after_the_last_acknowledgement():
    """Proves: NET-4+"""
    a = _announcing()
    assert a.next_message() is None and not a.done
    a.follow("homeassistant", "House")
    last = MESSAGES - 1
    for number in range(last + 1):
        assert a.next_message() == number and not a.done
    assert a.next_message() is None and a.done  # asked again: the queue was empty, so the last one is acknowledged


def test_a_new_session_a_new_name_and_another_prefix_announce_everything_again():
    a = _announcing()
    a.follow("homeassistant", "House")
    _all(a)
    assert a.done
    for again in (a.begin, lambda: a.follow("homeassistant", "Home"), lambda: a.follow("ha", "Home")):
        again()
        assert not a.done and a.next_message() == 0
        _all(a)
    a.follow("ha", "Home")
    assert a.done and a.next_message() is None


def test_a_message_that_could_not_be_made_is_offered_again():
    a = _announcing()
    a.follow("homeassistant", "House")
    assert a.next_message() == 0
    a.again()
    assert a.next_message() == 0 and a.next_message() == 1 and not a.done


def test_nothing_is_announced_without_a_prefix():
    a = _announcing()
    a.follow("", "House")
    assert _all(a) == [None] * (MESSAGES + 2) and not a.done


def test_connected_is_told_apart_from_obeying():
    """Proves: NET-4+"""
    state = State("1.0.0", "power", "SN1")
    assert announcing.words(state, "", True, "t") == "connecting"
    assert announcing.words(state, "closed by the broker", True, "t") == "closed by the broker"
    assert announcing.words(state, "closed by the broker", False, "t") == "no network"
    state.uplink_connected = True
    assert announcing.words(state, "old words", True, "t") == "connected"
    state.uplink_commands = True
    assert announcing.words(state, "old words", True, "t") == "connected"
    state.uplink_commands = False
    assert announcing.words(state, "", True, "bridge/SN1/set") == (
        "connected, but no command can come in: allow the bridge to subscribe to bridge/SN1/set at the broker"
    )
