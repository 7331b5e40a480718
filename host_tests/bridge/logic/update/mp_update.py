# heap: 2m
# How long a version is on trial: the table, and the task on the virtual clock.
import asyncio

import log
from bridge.logic.update import trial as update
from bridge.state import State
from slots.slots import Slots
from store import record
from updater_rig import ROOT, Bridge, started, two_versions


def lacks(beats, plant, sensor, uplink, page, before=(), broker="192.0.2.1", hotspot=True, seen=()):
    """Return what is missing in a house."""
    state = State()
    state.beats_ok, state.plant_link, state.sensor_link = beats, plant, sensor
    state.uplink_connected, state.portal_listens, state.hotspot_possible = uplink, page, hotspot
    found = update.found((plant, sensor, uplink, hotspot))
    return update.missing(state, broker, before, found + list(seen))


def test_healthy_means_tasks_beat_a_bus_was_polled_and_somebody_can_reach_it():
    """A page that can be had, not a hotspot that is open. Proves: OTA-3+"""
    for facts, wanted in (
        ((True, "ok", "ok", True, False), []),
        ((True, "ok", "ok", False, True), []),
        ((True, "ok", "ok", True, True), []),
        ((False, "ok", "ok", True, True), ["an essential task"]),
        ((True, "starting", "starting", True, True), ["plant", "sensor"]),
        ((True, "ok", "ok", False, False), ["uplink or page"]),
    ):
        assert lacks(*facts) == wanted, facts


def test_a_bus_works_if_it_was_polled_or_heard_or_if_no_port_has_to_do_with_a_device():
    """Proves: OTA-3+, COM-8+"""
    both = ("plant", "sensor")
    for links, before, seen, wanted in (
        (("silent", "silent"), both, both, []),  # polled, and silent since
        (("off", "ok"), both, (), []),  # listening
        (("off", "off"), both, (), []),  # roles server and off: an update must be able to stay there too
        (("starting", "off"), both, (), ["plant"]),
        (("silent", "silent"), both, (), ["plant", "sensor"]),
        (("silent", "ok"), both, (), ["plant"]),
        (("noisy", "partly"), ("sensor",), (), []),
    ):
        assert lacks(True, *links, True, True, before, seen=seen) == wanted, (links, before)


def test_what_the_version_before_could_not_show_either_is_not_held_against_the_new_one():
    """Proves: OTA-3+"""
    # Sensor and plant without power, no broker set, no radio or no password for a hotspot.
    assert lacks(True, "silent", "silent", False, False, broker="", hotspot=False) == []
    assert lacks(True, "silent", "refuses", False, True, broker="") == []
    # But what it could show.
    assert lacks(True, "ok", "ok", False, True, ["uplink"]) == ["uplink"]
    assert lacks(True, "ok", "ok", False, True, ["uplink"], seen=["uplink"]) == []
    assert lacks(True, "ok", "ok", False, True, ["uplink"], broker="") == []  # a person has taken the broker out
    assert lacks(True, "ok", "ok", False, False, ["hotspot"], broker="", hotspot=False) == ["hotspot"]


def test_a_note_tells_what_worked_and_one_that_is_none_tells_nothing():
    assert update.found(["ok", "silent", True, False]) == ["plant"] + ["uplink"]
    assert update.found(("partly", "refuses", False, True)) == ["plant", "hotspot"]
    for note in (None, [], "okok", ["ok"], {"plant": "ok"}, 7, [1, 1, 1, 1]):
        assert update.found(note) == [], note


def test_the_hotspot_opens_for_a_trial_where_no_broker_is_set_or_reached():
    """Proves: OTA-3+"""
    for broker, connected, since_s, wanted in (
        ("", False, 0, True),
        ("192.0.2.1", False, 59, False),
        ("192.0.2.1", False, 60, True),
        ("192.0.2.1", True, 299, False),
    ):
        assert update.hotspot_wanted(broker, connected, since_s) is wanted


def test_a_task_that_dies_in_the_minute_of_a_trial_begins_it_anew():
    """Essential or not. Proves: OTA-3+"""
    watch = update.Watch(0)
    assert [watch.step(True, True, True, now, now) for now in (0, 30, 59)] == ["", "", ""]
    # It died at 59 and waits 60 s for its next start; then it lives.
    assert [watch.step(True, True, True, 0, now) for now in (60, 119)] == ["", ""]
    assert [watch.step(True, True, True, now - 119, now) for now in (120, 178)] == ["", ""]
    assert watch.step(True, True, True, 61, 180) == "confirm"
    # One that dies again and again, and lives for a while in between.
    watch = update.Watch(0)
    said = [watch.step(True, True, True, now % 50, now) for now in range(301)]
    assert said == [""] * 300 + ["restart"]


def test_a_confirmed_version_settles_whatever_dies_as_long_as_the_essential_tasks_beat():
    watch = update.Watch(0)
    assert [watch.step(False, False, True, 0, now) for now in (0, 59, 60)] == ["", "", "settle"]


def test_a_trial_is_confirmed_after_one_unbroken_minute_and_not_before():
    """Proves: OTA-3+"""
    watch = update.Watch(0)
    said = [(now, watch.step(True, now != 50, True, now + 1, now)) for now in range(0, 120, 10)]
    assert [x for x in said if x[1]] == []
    assert watch.step(True, True, True, 121, 120) == "confirm"


def test_a_trial_without_a_healthy_minute_restarts_after_five():
    """Proves: OTA-3+"""
    watch = update.Watch(1000)
    assert watch.step(True, False, True, 299, 1299) == ""
    assert watch.step(True, False, True, 300, 1300) == "restart"
    # Healthy at the end of its time, it may finish its minute.
    watch = update.Watch(0)
    assert watch.step(True, True, True, 290, 290) == ""
    assert watch.step(True, True, True, 310, 310) == ""
    assert watch.step(True, True, True, 350, 350) == "confirm"


def test_a_confirmed_version_settles_once_although_nobody_can_reach_it():
    """Proves: REL-1+"""
    watch = update.Watch(0)
    said = [watch.step(False, False, True, now, now) for now in range(0, 200, 20)]
    assert said == ["", "", "", "settle", "", "", "", "", "", ""]
    assert update.Watch(0).step(False, False, False, 4000, 4000) == ""


async def test_a_healthy_trial_is_confirmed_and_survives_starts():
    """Proves: OTA-3+"""
    two_versions()
    assert started() == "b"
    bridge = Bridge("b")
    bridge.well()
    assert not await bridge.lives_s(30)
    assert (bridge.slots.running, bridge.state.update_trial) == ("b", True)
    assert not await bridge.lives_s(70)
    assert bridge.state.update_trial is False
    assert [started() for _ in range(4)] == ["b"] * 4


async def test_an_unhealthy_trial_goes_back_by_itself():
    """Proves: OTA-3+"""
    two_versions()
    for _ in range(3):
        assert started() == "b"
        bridge = Bridge("b")
        bridge.state.beats_ok = True  # but no bus, no network
        assert await bridge.lives_s(400)
    assert started() == "a"


async def test_a_trial_goes_on_when_its_own_task_dies():
    """Its five minutes do not begin anew: a task that dies every minute or two would never end it. Proves: OTA-3+"""
    two_versions()
    bridge = Bridge("b")
    bridge.state.beats_ok = True  # but no bus, no network
    for _ in range(2):
        assert not await bridge.lives_s(140)  # then its task ends
    assert await bridge.lives_s(25)
    assert bridge.state.update_trial is True


async def test_a_trial_is_held_to_what_the_version_before_noted():
    """Proves: OTA-3+"""
    two_versions(["ok", "ok", False, True])  # the sensor answered then
    bridge = Bridge("b")
    bridge.well()
    assert not await bridge.lives_s(100)
    assert bridge.state.update_trial is True
    bridge.state.sensor_link = "ok"
    assert not await bridge.lives_s(70)
    assert bridge.state.update_trial is False
    assert Slots(ROOT, "b").note() is None


async def test_a_trial_in_which_a_task_dies_again_and_again_ends_in_a_restart_that_says_which():
    """Proves: OTA-3+"""
    two_versions()
    bridge = Bridge("b")
    bridge.well()

    async def uplink():
        while True:
            await asyncio.sleep(20)
            bridge.tasks.die("uplink")

    task = asyncio.create_task(uplink())
    assert await bridge.lives_s(330)
    task.cancel()
    assert bridge.state.update_trial is True
    assert any(["uplink died 15 times" in line for line in log.lines()]), log.lines()


async def test_a_steady_minute_forgets_the_starts_counted():
    two_versions()
    Slots(ROOT, "b").confirm()
    for _ in range(4):
        started()
    bridge = Bridge("b")
    bridge.state.beats_ok = True
    assert not await bridge.lives_s(70)
    assert record.load(ROOT + "/slot_boots")["count"] == 0
