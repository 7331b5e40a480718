"""The limit command: what holds at the plant, and what is done about it. Times on a hand-moved clock."""

from bridge.logic.grid import command

NONE = 0xFFFFFFFF


def _held(raw=3000, now=0):
    """Return a command that the plant took and holds."""
    c = command.LimitCommand()
    c.rated_w = 6000
    c.want(raw, now)
    _write(c, now)
    c.read(raw, False, "", now)
    assert c.state == "held"
    return c


def _write(c, now, status=0, text=""):
    assert c.due(now)
    c.bind()
    c.wrote(status, text, now)


def test_percent_become_watts_of_the_plants_rated_power():
    assert command.raw_limit(60, 5000) == 3000
    assert command.raw_limit(0, 5000) == 0
    assert command.raw_limit(100, 5000) == 0xFFFFFFFF
    assert command.raw_limit(60, None) == 0  # unknown means safe
    assert command.raw_limit(60, 250000) == 150000


def test_a_command_is_written_read_back_and_held():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(3000, 0)
    assert (c.state, c.due(0)) == ("wanted", True)
    _write(c, 10)
    assert (c.state, c.due(10), c.read_first, c.watched(10)) == ("written", False, True, 2)
    c.read(3000, False, "", 20)
    assert (c.state, c.due(20)) == ("held", False)
    assert c.watched(70000) == 2  # looked after with every fast poll


def test_the_value_is_bound_when_it_leaves():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(3600, 0)
    assert c.due(0)
    c.want(1800, 5)
    assert c.bind() == 1800
    c.want(0, 6)  # while it is on its way
    c.wrote(0, "", 50)
    assert (c.state, c.due(50)) == ("wanted", True)
    assert c.bind() == 0


def test_a_write_that_is_no_longer_needed_is_withdrawn():
    c = _held(3600)
    c.want(NONE, 100)
    assert c.due(100)
    c.want(3600, 120)
    assert (c.state, c.due(120)) == ("held", False)


def test_a_plant_that_lost_the_limit_is_commanded_again():
    """Proves: PLA-2+"""
    c = _held()
    c.read(NONE, False, "", 60000)
    assert c.state == "overruled"
    _write(c, 60000)
    c.read(3000, False, "", 60000)
    c.touch(True, 100000)
    assert c.state == "unreachable"
    c.touch(False, 200000)
    assert c.due(200000)


def test_held_falls_with_the_first_reading_that_says_otherwise_and_the_write_goes_out_at_once():
    """Proves: PLA-2+"""
    c = _held()
    c.read(10000, False, "", 5000)
    assert (c.state, c.text, c.overruled, c.due(5000)) == ("overruled", "the plant holds 10000 W", 1, True)
    _write(c, 6000)
    c.read(3000, False, "", 7000)
    assert c.state == "held"
    c.read(NONE, False, "", 9000)
    assert (c.text, c.overruled, c.due(9000)) == ("the plant holds no limit", 2, True)


def test_a_plant_that_never_takes_it_is_written_with_a_growing_pause():
    """Proves: PLA-2+, PLA-3+"""
    c = command.LimitCommand()
    c.rated_w = 6000
    c.want(3600, 0)
    written = []
    for now in range(0, 400000, 1000):
        if c.due(now):
            written.append(now // 1000)
            _write(c, now)
            c.read(5000, False, "", now)
            assert c.state == "overruled"
    assert written == [0, 1, 2, 4, 8, 16, 32, 64, 124, 184, 244, 304, 364]


def test_a_stricter_value_is_fine_and_said_so():
    """A plant that rounds down. Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(3606, 0)
    _write(c, 0)
    c.read(3600, False, "", 1000)
    assert (c.state, c.text, c.due(99999)) == ("held", "the plant holds 3600 W, stricter", False)


def test_a_plant_that_rounds_up_is_given_less():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.rated_w = 6011
    c.want(3606, 0)
    assert c.bind() == 3606
    c.wrote(0, "", 0)
    c.read(3610, False, "", 1000)
    assert c.state == "overruled" and c.due(1000)
    assert c.bind() == 3602
    c.wrote(0, "", 2000)
    c.read(3600, False, "", 3000)
    assert c.state == "held"


def test_a_loosening_is_written_although_the_plant_holds_something_stricter():
    c = _held(0)
    c.want(3600, 1000)
    assert (c.state, c.due(1000)) == ("wanted", True)
    c.read(0, False, "", 1000)  # asked for before the write could leave
    assert (c.state, c.due(1000)) == ("wanted", True)


def test_a_plant_that_lets_go_after_some_seconds_is_written_before_that():
    """Proves: PLA-2+"""
    c = _held(0)
    now = 0
    for _ in range(2):
        c.read(0, False, "", now + 8000)
        c.read(NONE, False, "", now + 10000)
        now += 11000
        _write(c, now)
        c.read(0, False, "", now)
    assert c.state == "held"
    assert not c.due(now + 5500)
    _write(c, now + 6000)
    assert c.state == "held"  # and stays it, as the reading before said so


def test_exceptions_one_to_three_are_refusals_and_are_tried_again_seldom():
    """Proves: PLA-2+"""
    for status in (1, 2, 3):
        c = command.LimitCommand()
        c.want(3000, 0)
        _write(c, 0, status, "exception 2, illegal data address")
        assert (c.state, c.text) == ("refused", "exception 2, illegal data address")
        assert not c.due(30000)
        assert c.due(61000)


def test_a_release_that_meets_no_such_register_twice_owes_nothing_any_more():
    """A value that is refused says nothing of what the register holds. Proves: PLA-2+"""
    for status, owed in ((1, False), (2, False), (3, True)):
        for ends, state in ((False, "refused"), (True, "idle")):
            c = command.LimitCommand(owed=True)
            c.want(None if ends else command.NONE, 0)
            _write(c, 0, status, "refused")
            assert (c.state, c.owed) == ("refused", True)
            _write(c, 60000, status, "refused")
            assert (c.state, c.owed) == ("refused" if owed else state, owed)
        c = command.LimitCommand()
        c.want(3000, 0)
        _write(c, 0, status, "refused")
        _write(c, 60000, status, "refused")
        assert c.owed  # it may have been taken before


def test_other_exceptions_are_tried_again_at_once_and_then_with_a_growing_pause():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(3000, 0)
    tried = []
    for now in range(0, 140000, 1000):
        if c.due(now):
            tried.append(now // 1000)
            _write(c, now, 4, "exception 4")
            assert c.state == "wanted"
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123]


def test_a_lost_write_is_repeated_at_once():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(0, 0)
    tried = []
    for now in range(0, 10000, 1000):
        if c.due(now):
            tried.append(now // 1000)
            _write(c, now, -1, "silent")
            assert c.state == "unreachable"
    assert tried == [0, 1, 2, 4, 8]


def test_not_readable_is_not_unwritten():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(3000, 0)
    writes = reads = 0
    for now in range(0, 600000, 1000):
        if c.due(now):
            writes += 1
            _write(c, now)
        elif c.watched(now):
            reads += 1
            c.read(None, True, "exception 2", now)
            assert (c.state, c.text) == ("written, cannot be read back", "exception 2")
    assert writes <= 11 and reads <= 20, (writes, reads)


def test_one_lost_reading_changes_nothing():
    c = _held()
    c.read(None, False, "silent", 2000)
    assert (c.state, c.due(2000), c.watched(2000)) == ("held", False, 2)


def test_a_lost_answer_puts_held_in_doubt_until_the_register_was_read():
    """A plant that started anew within a second and a half. Proves: PLA-2+"""
    c = _held()
    c.read_first = False
    c.doubt()
    assert (c.state, c.read_first, c.due(0)) == ("written", True, False)
    c.read(3000, False, "", 2000)
    assert c.state == "held"
    c.doubt()
    c.read(NONE, False, "", 4000)
    assert (c.state, c.due(4000)) == ("overruled", True)


def test_a_limit_is_released_when_its_reason_ends():
    """Proves: PLA-2+"""
    c = _held()
    assert c.owed
    c.want(None, 0)
    assert (c.target, c.due(0)) == (0xFFFFFFFF, True)
    _write(c, 0)
    assert c.owed
    c.read(0xFFFFFFFF, False, "", 0)
    c.want(None, 0)
    assert (c.state, c.due(99999), c.watched(99999), c.owed) == ("idle", False, 0, False)


def test_what_was_commanded_before_the_start_is_released_or_taken_up():
    """Proves: PLA-2+"""
    c = command.LimitCommand(True)
    c.want(None, 0)
    assert (c.target, c.due(0)) == (NONE, True)
    c = command.LimitCommand(True)
    c.want(1800, 0)
    assert (c.target, c.due(0), c.owed) == (1800, True, True)
    c = command.LimitCommand()
    c.want(None, 0)
    assert (c.state, c.target) == ("idle", None)


def test_a_release_at_a_plant_that_shows_its_rated_power_is_one():
    c = _held()
    c.want(None, 0)
    _write(c, 0)
    c.read(6000, False, "", 0)
    assert c.state == "idle"


def test_a_write_that_fails_is_repeated_until_it_is_held():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.want(0, 0)
    _write(c, 0, -1, "silent")
    assert c.state == "unreachable"
    assert c.due(6000)
