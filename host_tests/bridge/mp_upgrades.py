# heap: 2m
# What every released version stored is what counts with this one. host_tests/rigs/stored holds the files of each.
import os

import ram_disk
from bridge.logic.network import window
from bridge.settings import Settings
from bridge.tasks.hotspot import provisioned
from store import record

STORED = "host_tests/rigs/stored/"
PATH = ram_disk.ROOT + "/data/settings"
COPY = ram_disk.ROOT + "/settings"


def brought(name, version="0.1.0"):
    """Put what a version stored where it had it: one copy, for it knew no second one."""
    if "data" not in os.listdir(ram_disk.ROOT):
        os.mkdir(ram_disk.ROOT + "/data")
    with open(STORED + version + "/" + name, "rb") as file:
        ram_disk.put("data/" + (name if name in ("device", "window") else "settings"), file.read())


def put_record(value):
    brought("defaults")
    record.save(PATH, value)


def different(settings):
    """Return what is not as its default."""
    plain = Settings()
    return {
        name: value for name, value in settings.__dict__.items() if name[0] != "_" and value != getattr(plain, name)
    }


def test_a_house_that_0_1_0_set_up_is_as_it_was():
    """Proves: PRV-8+"""
    ram_disk.mount()
    brought("house")
    settings = Settings(PATH)
    assert settings.ignored == [] and not settings.damaged
    assert different(settings) == {
        "plant_unit": 3,
        "sensor_model": "sdm120ct",
        "sensor_unit": 2,
        "grid_table": "ripple_reverse",
        "grid_settle_ms": 80,
        "do_safe_mask": 1,
        "mqtt_host": "192.168.1.5",
        "mqtt_user": "bridge",
        "mqtt_password": "open sesame",
        "wlan_ssid": "Häuschen",
        "wlan_password": "correct horse",
        "system_name": "Haus Grün",
        "time_zone": "Europe/Berlin",
        "led_brightness": 30,
    }


def test_every_setting_that_0_1_0_had_keeps_the_value_it_stored():
    """Proves: PRV-8+"""
    ram_disk.mount()
    brought("every")
    stored = record.load(PATH)
    settings = Settings(PATH)
    assert settings.ignored == []
    assert len(stored) == 44
    assert {name: getattr(settings, name) for name in stored} == stored  # some are a default by now
    assert set(different(settings)) <= set(stored)


def test_what_0_1_0_took_and_is_refused_today_becomes_the_nearest_that_is_allowed():
    """Proves: PRV-8+"""
    # fmt: off
    for name, wanted in (
        ("old_meter", {"rs485_1_role": "meter", "meter_policy": "last", "sensor_poll_ms": 1500, "meter_stale_ms": 3000}),
        ("slow_meter", {"rs485_1_role": "meter", "sensor_poll_ms": 30000, "meter_stale_ms": 60000}),
        ("no_user", {"mqtt_host": "10.0.0.2", "system_name": "Shed"}),
        ("defaults", {}),
    ):
        # fmt: on
        ram_disk.mount()
        brought(name)
        settings = Settings(PATH)
        assert settings.ignored == [], name
        assert different(settings) == wanted, name
        import vfs

        vfs.umount(ram_disk.ROOT)


def test_the_other_records_of_0_1_0_are_read():
    """Proves: PRV-8+"""
    ram_disk.mount()
    brought("device")
    device = record.load(ram_disk.ROOT + "/data/device")
    assert device["sn"] == "MY-SERIAL-01" and provisioned(device)
    brought("window")
    stored = record.load(ram_disk.ROOT + "/data/window")
    opened = window.Window(stored, True, 0, 1000)
    assert opened.step(True, 0, 1000)
    assert opened.left_s(1000) == 7200 - 300


def test_reading_writes_nothing_so_the_version_before_can_come_back():
    device = ram_disk.mount()
    brought("old_meter")
    record.load(PATH)  # makes the second copy
    before = device.operations
    Settings(PATH)
    assert device.operations == before


def test_what_is_saved_has_todays_form_and_is_upgraded_no_more():
    """A person may set later what an upgrade would change: it is theirs."""
    ram_disk.mount()
    brought("no_user")
    settings = Settings(PATH)
    assert settings.apply({"led_brightness": 10}) == []
    with open(PATH, "rb") as file:
        assert b'"form": 1' in file.read()
    assert record.load(PATH) == {"mqtt_host": "10.0.0.2", "system_name": "Shed", "led_brightness": 10}
    record.save(PATH, {"mqtt_password": "x"}, 1)
    assert [name for name, _ in Settings(PATH).ignored] == ["mqtt_password"]


def test_a_form_of_a_later_version_and_one_that_is_none_are_read_as_far_as_they_are_understood():
    """Proves: REL-1+"""
    for form in (2, 99, -1, "x", None, [], True):
        ram_disk.mount()
        put_record({"plant_unit": 5, "form": form})
        settings = Settings(PATH)
        assert different(settings) == {"plant_unit": 5} and settings.ignored == [], form
        import vfs

        vfs.umount(ram_disk.ROOT)


def test_rubbish_in_a_stored_record_of_no_form_is_refused_by_name_and_stops_nothing():
    """Proves: REL-1+"""
    for stale, poll in ((None, 250), ("x", "y"), ([], {}), (1000, "z"), (True, False)):
        ram_disk.mount()
        put_record({"rs485_1_role": "meter", "meter_stale_ms": stale, "sensor_poll_ms": poll})
        assert Settings(PATH).rs485_1_role == "meter"
        import vfs

        vfs.umount(ram_disk.ROOT)
