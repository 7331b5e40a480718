"""The house network: the task on the virtual clock with the radio of the host board, and the pure rule of joining."""

import asyncio

import clock
import log
from bridge import app
from bridge.logic.network.joining import Joining, pause_s
from bridge.settings import Settings
from bridge.state import State
from store import record
from wlan_site import Site, pass_s


async def test_the_house_network_is_joined_from_the_settings_and_reported():
    """Proves: PRV-5"""
    site = Site("Home -50 secret-one\n")
    site.start()
    await pass_s(1)
    assert site.state.wlan_state == "off"
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await asyncio.sleep_ms(600)
    assert site.state.wlan_state == "joining"
    await pass_s(2)
    assert site.state.wlan_state == "joined"
    assert site.state.wlan_address == "127.0.0.1"
    assert site.state.wlan_signal == -50
    site.settings.apply({"publish_ms": 1000})
    await pass_s(2)
    assert site.radio.calls.count("join Home") == 1  # another setting is no reason to join again
    site.remove()


async def test_a_wrong_password_is_said_and_the_right_one_helps_at_once():
    """Proves: PRV-5"""
    site = Site("Home -50 secret-one\n")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-two"})
    await pass_s(2)
    assert site.state.wlan_state == "wrong password"
    site.settings.apply({"wlan_ssid": "Elsewhere", "wlan_password": "secret-one"})
    await pass_s(2)
    assert site.state.wlan_state == "not found"
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(2)
    assert site.state.wlan_state == "joined"
    assert not any(["secret" in line for line in log.lines()])
    site.remove()


async def test_a_wrong_password_does_not_replace_the_network_that_works():
    site = Site("Home -50 secret-one\nGarden -60 secret-two\n")
    site.write("clients", "1")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(3)
    site.settings.apply({"wlan_ssid": "Garden", "wlan_password": "secret-one"})
    words = []
    for _ in range(30):
        site.state.portal_busy_at = clock.ticks_ms()  # somebody is at the page, and that must not hold it up
        await pass_s(1)
        words.append(site.state.wlan_state)
    assert words[1] == "wrong password" and words[-1] == "joined"
    assert [call for call in site.radio.calls if call.startswith("join")] == [
        "join Home",
        "join Garden",
        "join Garden",
        "join Home",
    ]
    assert site.state.wlan_refused == "Garden: wrong password"
    assert (site.settings.wlan_ssid, site.settings.wlan_password) == ("Home", "secret-one")
    assert any(["Garden: wrong password; back in the network of before" in line for line in log.lines()])
    site.settings.apply({"wlan_ssid": "Garden", "wlan_password": "secret-two"})
    await pass_s(3)
    assert (site.state.wlan_state, site.state.wlan_refused) == ("joined", "")
    assert record.load(site.data + "wlan") == {"ssid": "Garden", "password": "secret-two"}
    assert not any(["secret" in line for line in log.lines()])
    site.remove()


async def test_a_restart_in_the_middle_of_a_try_costs_no_network_either():
    site = Site("Home -50 secret-one\n")
    site.start().cancel()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    task = site.start()
    await pass_s(3)
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "mistyped"})
    task.cancel()
    await pass_s(1)
    site.state, site.settings = State(), Settings(site.data + "settings")
    assert site.settings.wlan_password == "mistyped"
    site.start()
    await pass_s(30)
    assert (site.state.wlan_state, site.settings.wlan_password) == ("joined", "secret-one")
    site.remove()


async def test_a_network_that_is_joined_stays_joined_whether_settings_find_memory_or_not():
    site = Site("Home -50 secret-one\nGarden -60 secret-two\n")
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    version, apply = site.settings.version, site.settings.apply
    task = site.start()
    await pass_s(3)
    assert (site.state.wlan_state, site.settings.version) == ("joined", version)  # nothing was to be changed
    apply({"wlan_ssid": "Garden", "wlan_password": "mistyped"})
    site.settings.apply = _starving
    await pass_s(60)
    assert (site.state.wlan_state, site.state.wlan_refused) == ("joined", "Garden: wrong password")
    assert not task.done() and site.settings.wlan_ssid == "Garden"
    assert [line for line in log.lines() if "the house network is not stored: no memory" in line]
    site.remove()


def _starving(*_):
    raise MemoryError


async def test_a_new_router_that_comes_later_than_its_settings_is_joined():
    """The old one has gone, so both have their turn and what was typed stays."""
    site = Site("Home -50 secret-one\n")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(3)
    site.write("networks", "")
    site.settings.apply({"wlan_ssid": "Garden", "wlan_password": "secret-two"})
    await pass_s(3600)
    assert site.settings.wlan_ssid == "Garden" and site.state.wlan_state == "not found"
    assert site.radio.calls[-2:] in (["join Home", "join Garden"], ["join Garden", "join Home"])
    site.write("networks", "Garden -50 secret-two\n")
    await pass_s(800)
    assert (site.state.wlan_state, site.settings.wlan_ssid) == ("joined", "Garden")
    site.remove()


async def test_a_network_that_nobody_wants_any_more_is_forgotten():
    site = Site("Home -50 secret-one\n")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(3)
    site.settings.apply({"wlan_ssid": "", "wlan_password": ""})
    await pass_s(2)
    assert site.state.wlan_state == "off" and record.load(site.data + "wlan") is None
    site.remove()


async def test_a_router_that_was_away_for_a_day_is_joined_again():
    """Proves: NET-3+"""
    site = Site("Home -50 secret-one\n")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(120)
    assert site.state.wlan_state == "joined"
    site.write("networks", "")
    await pass_s(24 * 3600)
    assert site.state.wlan_state in ("failed", "not found")
    assert site.state.wlan_address == ""
    assert 200 < site.radio.calls.count("join Home") < 450  # about every 5 minutes
    site.write("networks", "Home -60 secret-one\n")
    await pass_s(380)
    assert site.state.wlan_state == "joined"
    site.remove()


async def test_a_scan_happens_when_it_is_wanted_and_not_more_than_every_ten_seconds():
    site = Site("Home -50 secret-one\n")
    site.start()
    await pass_s(1)
    site.write("networks", "Home -50 secret-one\nOther -70 -\n")
    before = site.state.wlan_networks
    site.state.scan_wanted += 1
    await pass_s(1)
    assert site.state.wlan_networks is not before
    assert site.state.wlan_networks == [("Home", -50, True), ("Other", -70, False)]
    for _ in range(30):
        site.state.scan_wanted += 1
        await pass_s(1)
    assert site.radio.calls.count("scan") <= 2 + 4
    site.remove()


async def test_while_a_phone_uses_the_pages_a_lost_network_is_tried_rarely():
    site = Site("")
    site.write("clients", "1")
    site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    for _ in range(280):
        site.state.portal_busy_at = clock.ticks_ms()
        await pass_s(1)
    assert site.radio.calls.count("join Home") == 1
    assert site.state.hotspot_clients == 1
    for _ in range(120):
        site.state.portal_busy_at = clock.ticks_ms()
        await pass_s(1)
    assert site.radio.calls.count("join Home") == 2  # rarely, but not never
    await pass_s(120)
    assert site.radio.calls.count("join Home") > 2
    site.remove()


def test_pauses_grow_and_are_jittered():
    """Proves: NET-3+"""
    assert [pause_s(n, 0) for n in (1, 2, 3, 4, 7, 8, 1000)] == [3, 7, 15, 30, 225, 225, 225]
    assert [pause_s(n, 255) for n in (1, 2, 7, 1000)] == [5, 11, 374, 374]


def test_an_attempt_that_never_ends_is_ended():
    j = Joining()
    assert j.step("Home", "x", "off", False, 0, 0) == "join"
    assert [j.step("Home", "x", "joining", False, s, 0) for s in (1, 29)] == [None, None]
    assert j.step("Home", "x", "joining", False, 30, 0) == "leave"
    assert j.word == "failed"
    assert j.step("Home", "x", "off", False, 32, 0) is None
    assert j.step("Home", "x", "off", False, 33, 0) == "join"


async def test_a_network_that_is_taken_out_while_the_task_is_dead_is_left_and_forgotten():
    site = Site("Home -50 secret-one\n")
    task = site.start()
    site.settings.apply({"wlan_ssid": "Home", "wlan_password": "secret-one"})
    await pass_s(3)
    assert record.load(site.data + "wlan") == {"ssid": "Home", "password": "secret-one"}
    task.cancel()
    await pass_s(1)
    site.settings.apply({"wlan_ssid": "", "wlan_password": ""})
    assert site.radio.status() == "joined"
    site.start()  # as the supervisor does after its pause
    await pass_s(2)
    assert record.load(site.data + "wlan") is None
    assert site.radio.status() != "joined" and site.state.wlan_state == "off"
    site.settings.apply({"wlan_ssid": "Garden", "wlan_password": "secret-two"})
    await pass_s(60)
    assert site.radio.calls.count("join Garden") > 2 and site.radio.calls.count("join Home") == 1
    site.remove()


def test_what_joined_in_an_earlier_life_and_is_wanted_no_more_is_left_also_beside_a_broker():
    joining = Joining(("Home", "secret-one"))
    assert joining.step("", "", "off", False, 0, 0) == "leave"
    assert (joining.word, joining.step("", "", "off", False, 1, 0)) == ("off", None)


def test_the_network_s_task_is_wanted_for_what_an_earlier_life_has_kept():
    settings, state = Settings(), State()
    assert [bool(app.network_wanted(state, settings, kept)) for kept in (False, True)] == [False, True]
    state.wlan_kept = False
    assert not app.network_wanted(state, settings, True)
    state.wlan_kept = None
    settings.damaged = True  # nobody knows what is wanted
    assert not app.network_wanted(state, settings, True)


def test_no_network_wanted_any_more_is_left():
    j = Joining()
    j.step("Home", "x", "off", False, 0, 0)
    j.step("Home", "x", "joined", False, 1, 0)
    assert j.step("", "", "joined", False, 2, 0) == "leave"
    assert j.word == "off"
    assert j.step("", "", "off", False, 3, 0) is None
