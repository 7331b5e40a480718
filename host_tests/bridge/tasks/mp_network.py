"""The task of the hotspot on the virtual clock, with the radio of the host board."""

import os

import log
from bridge import app
from bridge.state import State
from store import record
from wlan_site import SN, Site, pass_s


async def test_the_hotspot_opens_at_first_start_after_one_scan_and_is_named_as_the_sn():
    """Proves: PRV-1, PRV-2"""
    site = Site("Home -50 secret-one\n")
    site.start()
    await pass_s(2)
    assert site.radio.calls == ["scan", "open " + SN]
    assert site.state.hotspot_open
    assert site.state.hotspot_left_s == -1
    assert not site.state.system_created
    assert site.state.wlan_networks == [("Home", -50, True)]
    await pass_s(6 * 3600)
    assert site.state.hotspot_open
    site.remove()


async def test_without_provisioning_no_hotspot_opens_ever():
    """There is no default password. Proves: PRV-3+"""
    for device in (
        None,
        {},
        {"sn": SN},
        {"sn": SN, "hotspot_password": "short"},
        {"sn": "", "hotspot_password": "x" * 12},
    ):
        site = Site()
        task = site.start(device)
        await pass_s(600)
        assert "open " + SN not in site.radio.calls
        assert not site.state.hotspot_open
        task.cancel()
        site.remove()
    assert any(["make provision" in line for line in log.lines()])


async def test_creation_starts_two_hours_their_end_closes_and_the_button_opens_again():
    """Proves: PRV-2"""
    site = Site()
    site.start()
    await pass_s(10)
    site.settings.apply({"system_name": "Garden Street"})
    await pass_s(2)
    assert site.state.system_created
    assert 7190 <= site.state.hotspot_left_s <= 7200
    await pass_s(7180)
    assert site.state.hotspot_open
    await pass_s(30)
    assert not site.state.hotspot_open
    assert site.radio.calls[-1] == "close"
    assert site.state.hotspot_left_s == 0
    site.state.button_presses += 1
    await pass_s(1)
    assert site.state.hotspot_open
    assert site.radio.calls[-2:] == ["scan", "open " + SN]
    site.remove()


async def test_the_window_goes_on_after_a_restart():
    """Proves: PRV-2"""
    site = Site()
    task = site.start()
    await pass_s(2)
    site.settings.apply({"system_name": "Garden Street"})
    await pass_s(3700)
    task.cancel()
    await pass_s(1)
    assert not site.state.hotspot_open  # a task that ends takes its hotspot along
    site.state = State()
    site.start()
    await pass_s(1)
    assert site.state.hotspot_open
    assert 7200 - 3900 - 2 <= site.state.hotspot_left_s <= 7200 - 3900
    await pass_s(3300)
    assert not site.state.hotspot_open
    assert record.load(site.data + "window") == {"used_s": 7200}
    site.remove()


async def test_a_hotspot_that_died_comes_back_within_its_window():
    site = Site()
    task = site.start()
    await pass_s(2)
    site.settings.apply({"system_name": "Garden Street"})
    await pass_s(2)
    site.radio.starving = True
    await pass_s(1)
    assert task.done() and not site.state.hotspot_open
    site.radio.starving = False
    site.start()  # as the supervisor does
    await pass_s(2)
    assert site.state.hotspot_open
    assert 6890 <= site.state.hotspot_left_s <= 6900  # the five minutes that it had begun are paid
    await pass_s(6900)
    assert not site.state.hotspot_open
    assert app.hotspot_wanted(site.state, site.settings) is False
    site.remove()


async def test_a_press_that_finds_no_memory_is_not_lost():
    site = Site()
    site.settings.apply({"system_name": "Garden Street"})
    task = site.start()
    await pass_s(2)
    assert not site.state.hotspot_open
    kept, record.save = record.save, _starving
    site.state.button_presses += 1
    await pass_s(1)
    record.save = kept
    assert task.done() and not site.state.hotspot_open
    site.start()
    await pass_s(2)
    assert site.state.hotspot_open
    site.remove()


def _starving(*_):
    raise MemoryError


async def test_a_radio_that_fails_is_asked_again():
    site = Site()
    site.radio.broken = True
    site.start()
    await pass_s(25)
    assert not site.state.hotspot_open
    assert 2 <= site.radio.calls.count("open " + SN) <= 4
    site.radio.broken = False
    await pass_s(11)
    assert site.state.hotspot_open
    site.remove()


async def test_a_flash_that_fails_keeps_the_hotspot_and_is_not_worn_out():
    site = Site()
    site.start()
    await pass_s(1)
    site.settings.system_name = "Garden Street"
    os.mkdir(site.data + "window.new")  # a folder where the record wants to write
    await pass_s(100)
    assert site.state.hotspot_open
    assert len([line for line in log.lines() if "window is not stored" in line]) == 1
    os.rmdir(site.data + "window.new")
    site.remove()


async def test_a_board_without_a_radio_lives_on_and_knows_its_system():
    site = Site()
    site.radio = None
    site.settings.apply({"system_name": "Garden Street"})
    site.start()
    await pass_s(10)
    assert site.state.system_created
    assert not site.state.hotspot_open
    site.remove()


async def test_where_contacts_are_bound_the_hotspot_opens_without_a_search():
    site = Site("Home -50 secret-one\n")
    site.settings.apply({"grid_table": "ripple"})
    site.start()
    await pass_s(2)
    assert site.radio.calls == ["open " + SN]
    assert site.state.wlan_networks == () and site.state.scan_refused == ""
    site.state.scan_wanted += 1  # a person asks, and was told what it costs
    await pass_s(2)
    assert site.radio.calls == ["open " + SN, "scan"]
    site.remove()


async def test_while_a_limit_is_in_force_nobody_searches():
    site = Site("Home -50 secret-one\n")
    state = site.state
    state.limit_wanted, state.limit_pct = True, 60
    site.start()
    await pass_s(2)
    state.scan_wanted += 1
    await pass_s(30)
    assert site.radio.calls == ["open " + SN]
    assert state.scan_refused == "a limit of 60 % is in force; a search would stop everything for up to 10 s"
    state.limit_pct, state.cap_w = 100, 4200  # the contacts let go, somebody else does not
    await pass_s(1)
    assert state.scan_refused == "a limit of 4200 W is in force; a search would stop everything for up to 10 s"
    state.cap_w, state.plant_limit_w = None, 6000  # not released yet
    await pass_s(1)
    assert state.scan_refused == "the plant is not released from its limit yet; try again in a moment"
    state.plant_limit_w = None
    await pass_s(30)
    assert state.scan_refused == "" and "scan" not in site.radio.calls  # the wish of then is forgotten
    state.scan_wanted += 1
    await pass_s(12)
    assert site.radio.calls[-1] == "scan"
    site.remove()
