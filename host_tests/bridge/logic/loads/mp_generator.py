# heap: 4m
"""The generator's states: searched whole, and walked through as an operator would see them."""

import generator_search
from bridge import load_rules
from bridge.logic.loads import generator
from bridge.logic.loads.wish import Wish


def test_in_the_whole_state_space_no_contact_is_unsafe_and_nothing_is_a_dead_end():
    """Proves: CTL-5"""
    for text in generator_search.RULES:
        found, looked, wrong = generator_search.search(text)
        assert wrong == [], wrong[0]
        assert generator_search.dead_ends(found) == []
        assert {node[0] for node in found} >= {0, 1, 3, 4, 5, 6, 7}
        assert looked == 72 * len(found)


def test_whatever_it_does_it_stands_or_is_locked_out_soon_after_it_must_not_run():
    """Proves: CTL-5"""
    rules = load_rules.read("generator", "")[0]
    found, _, _ = generator_search.search("")
    for node in found:
        for runs in (True, False, None):
            here = node
            for _ in range(4):
                here, _ = generator_search.after(rules, here, (True, True, runs, False, 10000))
            assert generator.NAMES[here[0]] in ("stopped", "locked out"), (node, runs)


def walk(text, moments):
    """Return (name, start contact, load contact) after each (ask, halt, runs, clear, now_s)."""
    rules, reason = load_rules.read("generator", text)
    assert not reason
    machine = generator.Generator("", 0)
    told = []
    for ask, halt, runs, clear, now_s in moments:
        state = machine.step(rules, ask, halt, runs, clear, now_s)
        told.append((generator.NAMES[state],) + generator.contacts(state))
    return told, machine


def test_a_run_is_start_warm_up_load_cool_down_rest():
    """Proves: CTL-5"""
    told, machine = walk(
        "feedback di5",
        (
            (True, False, False, False, 299),
            (True, False, False, False, 300),
            (True, False, False, False, 301),
            (True, False, True, False, 305),
            (True, False, True, False, 364),
            (True, False, True, False, 365),
            (False, False, True, False, 900),
            (False, False, True, False, 965),
            (False, False, True, False, 1024),
            (False, False, True, False, 1025),
            (False, False, False, False, 1040),
            (False, False, False, False, 1325),
        ),
    )
    assert told == [
        ("resting", False, False),
        ("stopped", False, False),
        ("starting", True, False),
        ("warming up", True, False),
        ("warming up", True, False),
        ("running", True, True),
        ("running", True, True),  # 535 s: its least run of 600 s is not over
        ("cooling down", True, False),
        ("cooling down", True, False),
        ("resting", False, False),
        ("resting", False, False),
        ("stopped", False, False),
    ]
    assert machine.locked == ""


def test_an_engine_that_does_not_start_is_cranked_three_times_and_then_locked_out_until_a_person_says_so():
    """Proves: CTL-5"""
    moments = [(True, False, False, False, 300 + 10 * i) for i in range(40)]
    told, machine = walk("feedback di5", moments)
    names = [name for name, _, _ in told]
    starts = [i for i in range(1, 40) if names[i] == "starting" and names[i - 1] != "starting"]
    assert len(starts) == 3
    assert told[-1] == ("locked out", False, False) and machine.locked == "it did not start"
    rules = load_rules.read("generator", "feedback di5")[0]
    assert machine.step(rules, True, False, False, False, 9000) == generator.LOCKED
    assert machine.step(rules, False, True, False, True, 9001) == generator.REST
    assert machine.step(rules, False, False, False, False, 9301) == generator.STOPPED


def test_a_run_that_ends_by_itself_is_tried_again_and_one_that_does_not_end_is_locked_out():
    """Proves: CTL-5"""
    told, _ = walk(
        "feedback di5 cranks 2 rest 0 stand 30",
        (
            (True, False, False, False, 30),
            (True, False, False, False, 31),
            (True, False, True, False, 32),
            (True, False, True, False, 92),
            (True, False, False, False, 100),
            (True, False, False, False, 160),
            (True, False, True, False, 161),
            (True, False, True, False, 230),
            (False, True, True, False, 240),
            (False, True, True, False, 300),
            (False, True, True, False, 331),
        ),
    )
    names = [name for name, _, _ in told]
    assert names[3:6] == ["running", "waiting for the next start", "starting"]
    assert names[7:] == ["running", "cooling down", "resting", "locked out"]


def test_what_was_locked_out_before_a_start_is_so_after_it_and_whatever_ran_rests_first():
    """Proves: CTL-5"""
    rules = load_rules.read("generator", "")[0]
    assert generator.Generator("it did not start", 0).step(rules, True, False, None, False, 9999) == generator.LOCKED
    machine = generator.Generator("", 0)
    assert machine.step(rules, True, False, None, False, 299) == generator.REST
    assert machine.step(rules, True, False, None, False, 300) == generator.STOPPED


# (soc, off-grid, load W, minute, runs, idle s, run s, now s) and why it shall run.
WISHES = (
    ("", ((20, 0, 0, None, False, 0, 0, 1), "")),  # on the grid the battery's level asks for nothing
    ("", ((21, 1, 0, None, False, 0, 0, 1), ""), ((20, 1, 0, None, False, 0, 0, 2), "SOC 20 %"),
     ((79, 1, 0, None, True, 0, 0, 3), "SOC 79 %"), ((80, 1, 0, None, True, 0, 0, 4), ""),
     ((79, 1, 0, None, False, 0, 0, 5), "")),
    ("off_grid ignore", ((20, 0, 0, None, False, 0, 0, 1), "SOC 20 %")),
    ("off_grid start", ((90, 1, 0, None, False, 0, 0, 1), "off-grid"), ((90, 0, 0, None, True, 0, 0, 2), "")),
    ("quiet 22:00 quiet_end 6:00", ((15, 1, 0, 1380, False, 0, 0, 1), ""), ((15, 1, 0, 300, False, 0, 0, 1), ""),
     ((15, 1, 0, 360, False, 0, 0, 2), "SOC 15 %"), ((15, 1, 0, 1380, True, 0, 0, 3), "SOC 15 %")),
    ("quiet 22:00 quiet_end 6:00", ((15, 1, 0, None, False, 0, 0, 1), ""), ((10, 1, 0, None, False, 0, 0, 2), "SOC 10 %")),
    ("load_on 4000 load_off 2000", ((90, 1, 3999, None, False, 0, 0, 10), ""), ((90, 1, 4500, None, False, 0, 0, 29), ""),
     ((90, 1, 4500, None, False, 0, 0, 30), "the house takes 4500 W"),
     ((90, 1, 2001, None, True, 0, 0, 31), "the house takes 2001 W"), ((90, 1, 2000, None, True, 0, 0, 32), "")),
    ("test_d 28 test 15", ((90, 0, 0, None, False, 2419199, 0, 1), ""), ((90, 0, 0, None, False, 2419200, 0, 2), "test run"),
     ((90, 0, 0, None, True, 0, 899, 3), "test run"), ((90, 0, 0, None, True, 0, 900, 4), "")),
    ("lost start", ((None, 1, 0, None, False, 0, 0, 299), ""),
     ((None, 1, 0, None, False, 0, 0, 300), "nothing is heard of the plant"), ((50, 1, 0, None, True, 0, 0, 301), "")),
    ("lost keep", ((None, 1, 0, None, True, 0, 0, 400), "nothing is heard of the plant"),
     ((None, 1, 0, None, False, 0, 0, 401), "")),
    ("", ((None, 1, 0, None, True, 0, 0, 299), "nothing is heard of the plant yet"),
     ((None, 1, 0, None, True, 0, 0, 300), "")),
    ("mode off off_grid start", ((5, 1, 0, None, True, 0, 0, 1), "")),
    ("mode on", ((None, None, None, None, False, 0, 0, 9999), "a person wants it")),
)  # fmt: skip


def test_each_reason_begins_and_ends_where_its_rule_says():
    """Proves: CTL-5"""
    for text, *moments in WISHES:
        rules, reason = load_rules.read("generator", text)
        assert not reason, reason
        wish = Wish(0)
        for moment, why in moments:
            found = wish.step(rules, *moment)
            assert found == why, (text, moment, found)
