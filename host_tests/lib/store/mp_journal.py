# heap: 2m
import os

import ram_disk
from store.journal import Journal

FOLDER = ram_disk.ROOT + "/queue/"


def opened(**how):
    return Journal(FOLDER, **how)


def flush(journal, now_s=0):
    return list(journal.flush(now_s))


def told(journal, after=0):
    return [(sequence, priority, bytes(payload)) for sequence, priority, payload in journal.entries(after)]


def test_entries_come_back_in_order_from_memory_and_after_a_restart():
    """Proves: NET-5+"""
    ram_disk.mount()
    journal = opened()
    assert [journal.append(n, b"entry %d" % n) for n in (0, 3, 1)] == [1, 2, 3]
    wanted = [(1, 0, b"entry 0"), (2, 3, b"entry 3"), (3, 1, b"entry 1")]
    assert told(journal) == wanted
    assert told(opened()) == []  # nothing was flushed
    flush(journal)
    assert journal.append(0, b"later") == 4
    assert told(journal) == wanted + [(4, 0, b"later")]
    assert told(opened()) == wanted
    assert told(journal, 2) == [(3, 1, b"entry 1"), (4, 0, b"later")]
    again = opened()
    assert again.append(2, b"after the restart") == 4


def test_appending_touches_no_flash_and_a_flush_is_one_write():
    device = ram_disk.mount()
    journal = opened()
    flush_one = [journal.append(0, b"x" * 40), flush(journal)]
    before = device.operations
    for _ in range(9):
        journal.append(0, b"x" * 40)
    assert device.operations == before
    assert flush(journal) == [True], flush_one
    assert len(told(opened())) == 10


def test_a_flush_is_due_after_its_time_and_at_once_for_what_is_urgent():
    ram_disk.mount()
    journal = opened(every_s=600)
    assert not journal.due(0)
    journal.append(0, b"a")
    assert journal.due(5)
    flush(journal, 5)
    assert not journal.due(100_000)  # nothing waits
    journal.append(0, b"b")
    assert [journal.due(s) for s in (6, 604, 605)] == [False, False, True]
    journal.append(3, b"c", urgent=True)
    assert journal.due(6)


def test_however_much_is_urgent_a_day_has_a_bounded_number_of_flushes():
    """144 of every 600 s, 24 of what is urgent that were saved, 24 of the day itself. Proves: NET-5+"""
    ram_disk.mount()
    journal = opened(every_s=600, urgent=24)
    for day in range(2):
        count = 0
        for now_s in range(day * 86400, (day + 1) * 86400, 20):
            journal.append(3, b"contact", urgent=True)
            if journal.due(now_s):
                count += 1
                flush(journal, now_s)
                journal.drop(journal.last)
        assert 144 <= count <= 144 + 48, count


def test_without_a_flush_the_lower_priority_in_memory_gives_way_and_is_counted():
    ram_disk.mount()
    journal = opened()
    for n in range(10):
        assert journal.append(n % 2, bytes([n]) * 40)
    assert journal.append(0, b"z" * 40) == 0
    assert journal.lost == 1
    assert journal.append(2, b"e" * 40) == 11
    assert journal.lost == 2
    assert [sequence for sequence, _, _ in told(journal)] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]  # 1 was the oldest detail
    flush(journal)
    assert [sequence for sequence, _, _ in told(opened())] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_payload_of_a_length_that_cannot_be_is_a_bug_of_ours():
    ram_disk.mount()
    journal = opened()
    for payload in (b"", b"x" * 241):
        try:
            journal.append(0, payload)
            raise AssertionError("taken")
        except ValueError:
            pass
    assert journal.append(0, b"x" * 240) == 1
    flush(journal)
    assert told(opened()) == [(1, 0, b"x" * 240)]


def filled(journal, count, priority=lambda n: 0, size=50):
    for n in range(1, count + 1):
        assert journal.append(priority(n), (b"%d " % n + b"." * size)[:size]) == n
        if n % 8 == 0:
            flush(journal)
    flush(journal)


def test_the_ring_is_bounded_and_the_oldest_detail_goes_first():
    """Every fourth entry is of the hour, every hundredth an event. Proves: NET-5+"""
    device = ram_disk.mount()
    journal = opened(segments=5, segment_bytes=2000)
    filled(journal, 600, lambda n: 3 if n % 100 == 0 else 1 if n % 4 == 0 else 0)
    found = told(journal)
    assert told(opened(segments=5, segment_bytes=2000)) == found
    held = [sequence for sequence, _, _ in found]
    assert held == sorted(set(held))
    assert sum(60 for _ in held) <= 5 * 2000
    assert list(range(100, 601, 100)) == [n for n in held if n % 100 == 0]  # no event was lost
    detail = [n for n in held if n % 4]
    hours = [n for n in held if n % 4 == 0]
    assert detail[0] > 450 and detail == [n for n in range(detail[0], 601) if n % 4]  # what is thinned is the oldest
    assert hours[0] < 250, hours[0]
    assert len(os.listdir(FOLDER)) <= 5
    assert device.breaches == 0


def test_when_all_is_of_the_highest_priority_the_oldest_goes():
    ram_disk.mount()
    journal = opened(segments=3, segment_bytes=1000)
    filled(journal, 200, lambda n: 3)
    held = [sequence for sequence, _, _ in told(journal)]
    assert held == list(range(held[0], 201)) and 32 <= len(held) <= 50, held


def test_what_has_arrived_gives_its_room_back():
    """Proves: NET-5+"""
    ram_disk.mount()
    journal = opened(segments=5, segment_bytes=1000)
    filled(journal, 50)
    journal.drop(30)
    assert [sequence for sequence, _, _ in told(journal, journal.dropped)] == list(range(31, 51))
    assert journal.due(600)
    flush(journal, 600)
    again = opened(segments=5, segment_bytes=1000)
    held = [sequence for sequence, _, _ in told(again)]
    assert held[-1] == 50 and 15 < held[0] <= 31, held  # a segment that is not all told is told again
    assert again.dropped == held[0] - 1
    journal.drop(50)
    flush(journal, 1200)
    assert journal.empty() and os.listdir(FOLDER) == []
    assert not journal.due(1_000_000)
    assert journal.append(0, b"next") == 51


def test_a_reader_misses_nothing_of_what_is_appended_flushed_and_thinned_meanwhile():
    ram_disk.mount()
    journal = opened(segments=4, segment_bytes=1000)
    filled(journal, 40)
    held = []
    n = 40
    for sequence, _, payload in journal.entries(0):
        held.append(sequence)
        assert int(bytes(payload).split()[0]) == sequence
        if n < 90:
            n += 1
            journal.append(0, (b"%d " % n + b"." * 50)[:50])
            if n % 5 == 0:
                flush(journal)
    assert held == sorted(set(held))
    assert held[-1] == 90
    assert held[-30:] == list(range(61, 91))


def test_damage_costs_what_it_hit():
    """Every byte of a file in turn. Proves: OTA-4+"""
    ram_disk.mount()
    journal = opened()
    for n in range(3):
        journal.append(n, b"payload %d" % n)
    flush(journal)
    path = FOLDER + os.listdir(FOLDER)[0]
    with open(path, "rb") as file:
        good = file.read()
    assert len(good) == 57
    for at in range(len(good)):
        with open(path, "wb") as file:
            file.write(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        again = opened()
        assert [n for n, _, _ in told(again)] == [n for n in (1, 2, 3) if n != at // 19 + 1], at
        again.append(0, b"goes on")
        flush(again)
        assert told(opened())[-1][2] == b"goes on"
        for name in os.listdir(FOLDER):
            os.remove(FOLDER + name)


def test_a_torn_tail_is_passed_over_and_the_next_entries_stand_in_a_file_of_their_own():
    """Proves: OTA-4+"""
    ram_disk.mount()
    journal = opened()
    journal.append(0, b"first")
    journal.append(0, b"second")
    flush(journal)
    path = FOLDER + os.listdir(FOLDER)[0]
    with open(path, "rb") as file:
        good = file.read()
    for cut in range(16, len(good)):
        with open(path, "wb") as file:
            file.write(good[:cut])
        again = opened()
        assert told(again) == [(1, 0, b"first")]
        assert again.append(0, b"third") == 2
        flush(again)
        assert [entry[2] for entry in told(opened())] == [b"first", b"third"]
        for name in os.listdir(FOLDER):
            os.remove(FOLDER + name)


def test_files_that_are_none_of_its_own_do_no_harm_and_go():
    ram_disk.mount()
    journal = opened()
    journal.append(0, b"mine")
    flush(journal)
    for name in ("new", "settling", "zzzzzzzz-", "00000001x", "00000001-0000000g.0"):
        ram_disk.put("queue/" + name, b"rubbish" * 9)
    again = opened()
    assert told(again) == [(1, 0, b"mine")]
    assert again.due(0)
    flush(again)
    assert os.listdir(FOLDER) == ["00000001-"]


def test_a_full_flash_raises_keeps_what_waits_and_gives_up_old_detail_for_it():
    """Proves: REL-1+, NET-5+"""
    ram_disk.mount(24)
    journal = opened(segments=9, segment_bytes=4000)
    filled(journal, 120)
    number = 0
    try:
        while True:
            ram_disk.put("fill%d" % number, b"x" * 4096)
            number += 1
    except OSError:
        pass
    before = told(journal)
    for n in range(8):
        journal.append(3, b"evidence %d" % n)
    flush(journal)
    found = told(opened(segments=9, segment_bytes=4000))
    assert [payload for _, priority, payload in found if priority == 3] == [b"evidence %d" % n for n in range(8)]
    assert 0 < len(found) - 8 < len(before)


def test_a_dead_flash_raises_and_what_waits_goes_on_waiting():
    """Proves: REL-1+"""
    device = ram_disk.mount()
    journal = opened()
    journal.append(0, b"kept")
    flush(journal)
    journal.append(0, b"waits")
    device.dead = True
    try:
        flush(journal, 600)
        raise AssertionError("the flash was not dead")
    except OSError as e:
        assert e.errno == 5
    assert not journal.due(1100)  # a flash that fails is not hammered
    assert journal.due(1200)
    device.dead = False
    flush(journal, 1200)
    assert [payload for _, _, payload in told(opened())] == [b"kept", b"waits"]


def test_steady_state_allocates_no_object_per_entry():
    import gc

    device = ram_disk.mount()
    gc.collect()
    before = gc.mem_alloc()
    journal = opened()
    gc.collect()
    one = gc.mem_alloc() - before
    filled(journal, 400)
    device.kinds, device.touched = bytearray(), set()  # the rig's own notes
    gc.collect()
    grown = gc.mem_alloc() - before - one
    assert one < 2400, one  # words of 64 bit: half of it on a board
    # Three rows of numbers for three segments, and what a stale word on the stack holds; an object for each of 400 entries
    # would be 400 times 32 bytes at least.
    assert grown < 1600, grown
