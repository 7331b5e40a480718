"""The flight recorder's ring: what it writes, that it wraps, that frames stand alone, and that it holds no secret."""

import json

import clock
from bridge.logic.doors import recording_file
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks.recorder import Recorder


def _ring(size=1024, **changes):
    settings = Settings()
    assert settings.apply(changes) == []
    return Recorder(settings, size), settings


def _octets(recorder, begin=0):
    return bytes([recorder.ring[n % len(recorder.ring)] for n in range(begin, recorder.count)])


def test_an_entry_holds_its_kind_its_time_and_only_what_is_new():
    """Proves: DIA-1+"""
    recorder, _ = _ring()
    recorder._note(9, (5, None, "held"), 1000, 1, None, 0, 0)
    first = recorder.count
    assert _octets(recorder) == (
        b"\xe0\x68\x0f\x01"  # a frame: 1000 ms, 1 s
        b"\xe9\x01\x0a\x80\x83held\x84\x80"  # no time passed
    )
    recorder._note(9, (5, None, "held"), 1500, 1, None, 0, 0)
    assert recorder.count == first  # nothing is new
    recorder._note(9, (-3, None, "h\xe4"), 2300, 2, None, 0, 0)
    assert _octets(recorder, first) == b"\xc9\x51\x51\x01\x00\x05\x02\x83h\xa3\x03\xa2\x24\x84"


def test_a_float_a_large_number_and_a_nested_tuple_are_written_whole():
    recorder, _ = _ring()
    recorder._note(1, (0.5, 100000, (1, ())), 0, 0, None, 0, 0)
    assert _octets(recorder) == (
        b"\xe0\x00\x00\xe1\x01"
        b"\x85\x00\x40\x40\x40\x78\x3f"  # 0x3FE00000 00000000
        b"\x40\x75\x30"  # 200000
        b"\x81\x02\x81\x82\x82\x80"
    )


def test_what_moves_alone_brings_an_entry_only_now_and_then():
    recorder, _ = _ring()
    recorder._note(2, (1, 10), 0, 0, None, 1, 60)
    count = recorder.count
    recorder._note(2, (1, 11), 59000, 59, None, 1, 60)
    assert recorder.count == count
    recorder._note(2, (2, 12), 59500, 59, None, 1, 60)
    assert recorder.count > count
    count = recorder.count
    recorder._note(2, (2, 13), 119500, 119, None, 1, 60)
    assert recorder.count > count


def test_the_ring_takes_no_more_than_its_bytes_and_each_frame_begins_in_full():
    """Proves: DIA-1+, REL-2+"""
    recorder, _ = _ring(256)
    frames = []
    recorder.on_frame = lambda begin, end: frames.append(
        (begin, end, bytes([recorder.ring[n % 256] for n in range(begin, end)]))
    )
    for n in range(400):
        recorder._note(7, (n, "x"), n * 50, n // 20, None, 0, 0)
    assert len(recorder.ring) == 256 and recorder.count > 1000
    assert frames[0][0] == 0 and len(frames) > 10
    for one, other in zip(frames, frames[1:]):
        assert one[1] == other[0] and 64 <= one[1] - one[0] < 64 + 20
    for _, _, octets in frames:
        assert octets[0] == 0xE0 and 0xE7 in octets


def test_what_finds_no_memory_begins_a_new_frame_and_stops_nobody():
    """Proves: REL-1+"""
    recorder, _ = _ring()
    recorder.tell(7, (1, 2))
    good = recorder.count

    def hungry(value):
        raise MemoryError

    honest, recorder._value = recorder._value, hungry
    recorder.tell(7, (3, 4))
    recorder._value = honest
    recorder.tell(7, (3, 4))
    octets = _octets(recorder, good)
    assert octets.count(b"\xe7") == 1 and octets.count(b"\xe0") == 1


def test_a_setting_that_changes_leaves_its_old_value_and_no_secret_comes_in():
    """Proves: DIA-1+, SEC-1+"""
    recorder, settings = _ring(
        wlan_password="only-for-tests-8", mqtt_user="u", mqtt_password="only-for-tests-9", grid_drm="1234"
    )
    state = State("1", "power", "SN1")
    state.recorder = recorder
    recorder.tell(3, (1,))
    assert (
        settings.apply({"wlan_password": "only-for-tests-7", "mqtt_password": "only-for-tests-6", "grid_drm": "8765"})
        == []
    )
    recorder.tell(3, (2,))
    text = "".join(recording_file.lines(state, settings, clock.ticks_ms()))
    named = [json.loads(line[9:]) for line in text.split("\n") if '"grid_drm"' in line]
    assert named == [{"name": "grid_drm", "value": "8765"}]
    assert b"\x831234\x84" in _octets(recorder)
    assert "only-for-tests" not in text and b"only-for" not in _octets(recorder)
    assert "mqtt" not in text and "wlan" not in text


def test_the_file_leaves_out_what_is_overwritten_while_it_is_read():
    recorder, settings = _ring(256)
    state = State()
    state.recorder = recorder
    for n in range(200):
        recorder.tell(7, (n, "x" * 8))
    places = []
    for line in recording_file.lines(state, settings, 0):
        if not line[9:].startswith("{"):
            places.append(int(line[9:].split(" ")[0]))
            for n in range(10 * (len(places) == 1)):
                recorder.tell(7, (n, "y" * n))
    assert places[1] > places[0] + 48 and places[1] == recorder.count - 256


def test_without_a_recorder_there_is_no_file():
    assert list(recording_file.lines(State(), Settings(), 0)) == []


def test_in_steady_state_a_turn_of_the_law_takes_no_memory_for_it():
    """Proves: REL-2+"""
    import micropython
    from bridge.tasks.control import Law

    settings, state = Settings(), State()
    state.inputs_settled = True
    recorder, law = Recorder(settings, 1024), Law()
    now, now_s = clock.ticks_ms(), clock.seconds()
    law.step(state, settings, now, now_s)
    recorder.law(law, True, now, now_s)
    micropython.heap_lock()
    try:
        recorder.law(law, False, now, now_s)
    finally:
        micropython.heap_unlock()
