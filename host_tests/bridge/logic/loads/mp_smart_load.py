"""Smart loads, outputs that follow, minimum times, and the time of the day."""

from bridge import load_rules
from bridge.logic.loads import day, follow, smart_load, switching

# rules; closed now; (SOC, import W, off-grid, minute, import limit W); closed then; at once
CASES = (
    ("", False, (90, 0, 0, None, None), True, False),
    ("", False, (89.9, 0, 0, None, None), False, False),
    ("", True, (80, 0, 0, None, None), True, False),
    ("", True, (79.9, 0, 0, None, None), False, False),
    ("", True, (None, 0, 0, None, None), False, False),
    ("", True, (95, 0, None, None, None), False, False),
    ("", True, (95, 0, 1, None, None), False, True),
    ("off_grid soc", False, (95, None, 1, None, None), True, False),
    ("off_grid closed", False, (1, None, 1, None, None), True, False),
    ("surplus 1500", False, (95, -1500, 0, None, None), True, False),
    ("surplus 1500", False, (95, -1499, 0, None, None), False, False),
    ("surplus 1500", True, (95, 500, 0, None, None), True, False),
    ("surplus 1500", True, (95, 501, 0, None, None), False, False),
    ("surplus 1500", True, (95, None, 0, None, None), False, False),
    ("rated 3000", False, (95, 1200, 0, None, 4200), True, False),
    ("rated 3000", False, (95, 1201, 0, None, 4200), False, True),
    ("rated 3000", True, (95, 4200, 0, None, 4200), True, False),
    ("rated 3000", True, (95, 4201, 0, None, 4200), False, True),
    ("rated 3000", True, (95, None, 0, None, 4200), False, True),
    ("from 10:00 to 16:30", False, (95, 0, 0, None, None), False, False),
    ("from 10:00 to 16:30", False, (95, 0, 0, 599, None), False, False),
    ("from 10:00 to 16:30", False, (95, 0, 0, 600, None), True, False),
    ("from 10:00 to 16:30", True, (95, 0, 0, 990, None), False, False),
    ("from 22:00 to 6:00", False, (95, 0, 0, 0, None), True, False),
)


def test_a_load_is_closed_exactly_where_its_rules_say():
    """Proves: CTL-3"""
    for text, closed, seen, then, at_once in CASES:
        rules, reason = load_rules.read("do1_rules", text)
        assert not reason
        found = smart_load.decide(rules, closed, seen)
        assert found[:2] == (then, at_once), (text, closed, seen, found)


def test_minimum_times_hold_begin_anew_at_a_start_and_give_way_to_what_is_urgent():
    """Proves: CTL-3"""
    kept = switching.Kept(False, 100)
    assert kept.step(True, False, 60, 30, 129) == (False, 1)
    assert kept.step(True, False, 60, 30, 130) == (True, 0)
    assert kept.step(False, False, 60, 30, 189) == (True, 1)
    assert kept.step(False, True, 60, 30, 189) == (False, 0)
    assert kept.step(True, True, 60, 30, 218) == (False, 1)  # nothing is urgent enough to close too soon


def test_the_rules_refuse_what_a_load_cannot_be_by_name():
    """Proves: CTL-3"""
    for text, reason in (
        ("rated 17601", "rated must be 0 to 17600 W"),
        ("on 80 off 80", "off (80) must be below on (80)"),
        ("from 10:00", "must name from and to together"),
        ("from 24:00 to 6:00", "from must be a time such as 22:00, or -"),
        ("on", "on must be 1 to 100 %"),
        ("on 90 on 91", "names on twice"),
        ("off_grid perhaps", "off_grid must be one of open, soc, closed"),
    ):
        assert load_rules.read("do1_rules", text) == ((), reason)
    assert load_rules.edited("do1_rules", "on 85 off 70", "+off 75, rated 3000") == ("on 85 off 75 rated 3000", "")
    assert load_rules.edited("do1_rules", "on 85 off 70", "- on") == ("off 70", "")
    assert load_rules.edited("do1_rules", "on 85 off 70", "") == ("", "")
    assert load_rules.edited("do1_rules", "off 70", "+on 60")[1] == "off (70) must be below on (60)"


def test_every_default_of_every_table_is_allowed_and_a_text_of_all_keys_fits_its_setting():
    import table
    from bridge import settings_table

    rows = {row[0]: row for row in settings_table.rows()}
    for name, of in load_rules.TABLES.items():
        for text in ("", " ".join(["%s %s" % (row[0], row[2]) for row in table.rows(of)])):
            values, reason = load_rules.read(name, text)
            assert not reason and len(values) == table.count(of)
        text = " ".join(["%s %s" % (row[0], row[4] or row[2]) for row in table.rows(of)])
        assert len(text) <= rows[name][4], (name, len(text))


def test_the_time_of_the_day_goes_on_by_itself_and_is_not_believed_for_more_than_two_days():
    assert day.minute(None, 5) is None
    assert day.minute((1439, 100), 100) == 1439
    assert day.minute((1439, 100), 160) == 0
    assert day.minute((1439, 100), 172900) == 1439
    assert day.minute((1439, 100), 172901) is None


def test_an_output_follows_what_its_rule_names_and_what_is_not_known_is_open():
    """Proves: CTL-7+"""
    for text, closed in (
        ("of limit", True), ("of import", False), ("of off_grid", False), ("of alarm", True), ("of di1", False), ("of di5", True),
    ):  # fmt: skip
        rules = load_rules.read("do1_rules", text)[0]
        assert follow.decide(rules, True, False, None, True, 0b10000)[0] is closed, text
    assert follow.decide(load_rules.read("do1_rules", "of di5")[0], True, True, 1, True, None)[0] is False
