# heap: 2m
# How long a version is on trial: the table, and the task on the virtual clock.
from bridge.logic.update import trial as update
from slots.slots import Slots
from store import record
from updater_rig import ROOT, Bridge, started, two_versions


def test_healthy_means_tasks_beat_a_bus_was_polled_and_somebody_can_reach_it():
    """Proves: OTA-3+"""
    # beats, exchanges, uplink, hotspot
    for facts, wanted in (
        ((True, 1, True, False), True),
        ((True, 1, False, True), True),
        ((True, 99, True, True), True),
        ((False, 1, True, True), False),
        ((True, 0, True, True), False),
        ((True, 1, False, False), False),
    ):
        assert update.healthy(*facts) is wanted


def test_a_bus_works_if_it_was_polled_or_heard_or_if_no_port_has_to_do_with_a_device():
    """Proves: OTA-3+, COM-8+"""
    for facts, wanted in (
        ((1, "silent", "silent"), True),
        ((0, "off", "ok"), True),  # listening
        ((0, "off", "off"), True),  # roles server and off: an update must be able to stay there too
        ((0, "starting", "off"), False),
        ((0, "silent", "silent"), False),
    ):
        assert update.bus_works(*facts) is wanted, facts


def test_a_trial_is_confirmed_after_one_unbroken_minute_and_not_before():
    """Proves: OTA-3+"""
    watch = update.Watch(0)
    said = [(now, watch.step(True, now != 50, True, now)) for now in range(0, 120, 10)]
    assert [x for x in said if x[1]] == []
    assert watch.step(True, True, True, 120) == "confirm"


def test_a_trial_without_a_healthy_minute_restarts_after_five():
    """Proves: OTA-3+"""
    watch = update.Watch(1000)
    assert watch.step(True, False, True, 1299) == ""
    assert watch.step(True, False, True, 1300) == "restart"
    # Healthy at the end of its time, it may finish its minute.
    watch = update.Watch(0)
    assert watch.step(True, True, True, 290) == ""
    assert watch.step(True, True, True, 310) == ""
    assert watch.step(True, True, True, 350) == "confirm"


def test_a_confirmed_version_settles_once_although_nobody_can_reach_it():
    """Proves: REL-1+"""
    watch = update.Watch(0)
    said = [watch.step(False, False, True, now) for now in range(0, 200, 20)]
    assert said == ["", "", "", "settle", "", "", "", "", "", ""]
    assert update.Watch(0).step(False, False, False, 4000) == ""


async def test_a_healthy_trial_is_confirmed_and_survives_starts():
    """Proves: OTA-3+"""
    two_versions()
    assert started() == "b"
    bridge = Bridge("b")
    bridge.well()
    assert not await bridge.lives_s(30)
    assert (bridge.state.update_slot, bridge.state.update_trial) == ("b", True)
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


async def test_a_steady_minute_forgets_the_starts_counted():
    two_versions()
    Slots(ROOT, "b").confirm()
    for _ in range(4):
        started()
    bridge = Bridge("b")
    bridge.state.beats_ok = True
    assert not await bridge.lives_s(70)
    assert record.load(ROOT + "/slot_boots")["count"] == 0
