"""What the limit command may say of a plant that is busy, deaf to writes, or not asked any more; a hand-moved clock."""

from bridge.logic.grid import command

NONE = 0xFFFFFFFF


def _written(raw, now=0):
    """Return a command whose write the plant acknowledged."""
    c = command.LimitCommand()
    c.rated_w = 6000
    c.want(3000, now)
    if raw == NONE:
        c.want(None, now)
    assert c.due(now)
    c.bind()
    c.wrote(0, "", now)
    assert c.state == "written"
    return c


def test_held_is_not_said_longer_than_the_register_is_read():
    """Whatever keeps the reading away: a port that is gone, a dead task, a full line. Proves: PLA-2+"""
    c = _written(3000)
    c.read(3000, False, "", 1000)
    c.age(9000, 8000)
    assert (c.state, c.text) == ("held", "")
    c.age(9001, 8000)
    assert (c.state, c.text, c.read_first) == ("written", "its register was not read for 8 s", True)
    c.read(3000, False, "", 20000)
    assert c.state == "held"


def test_a_release_does_not_grow_old():
    c = _written(NONE)
    c.read(NONE, False, "", 1000)
    assert c.state == "idle"
    c.age(999999, 8000)
    assert c.state == "idle"


def test_a_release_is_not_over_while_the_plant_was_heard_to_hold_a_limit():
    """It is read as not released, then cannot be read any more. Proves: PLA-2+"""
    c = _written(NONE)
    c.read(3000, False, "", 1000)
    assert (c.state, c.text, c.owed) == ("overruled", "the plant holds 3000 W", True)
    c.read(None, True, "exception 2", 2000)
    assert (c.state, c.owed) == ("written, cannot be read back", True)
    assert c.due(62000)  # and it is written again, which is all that can be done
    c.bind()
    c.wrote(0, "", 62000)
    assert (c.state, c.owed, c.due(999999)) == ("idle", False, False)


def test_a_plant_that_answers_reads_but_no_writes_is_not_called_unreachable():
    """Proves: PLA-2+"""
    c = command.LimitCommand()
    c.rated_w = 6000
    c.want(3000, 0)
    for now in (0, 1000, 2000):
        assert c.due(now)
        c.bind()
        c.wrote(-1, "silent", now)
    assert c.state == "unreachable"
    c.read(NONE, False, "", 2500)
    assert (c.state, c.text) == ("wanted", "the plant answers no write; it holds no limit")
    assert not c.due(3900) and c.due(4000)  # no faster for that
    c.bind()
    c.wrote(-1, "silent", 4000)
    c.read(2000, False, "", 4500)
    assert (c.state, c.text) == ("held", "the plant holds 2000 W, stricter")


def test_a_lost_answer_to_a_write_that_was_taken_is_held():
    c = command.LimitCommand()
    c.rated_w = 6000
    c.want(3000, 0)
    c.bind()
    c.wrote(-1, "silent", 0)
    c.read(3000, False, "", 1000)
    assert (c.state, c.due(999999)) == ("held", False)
