"""The network task on the virtual clock, with a radio of the host board; and the pure rule of joining."""

import asyncio
import os

import clock
import log
from bridge.logic.joining import Joining, pause_s
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import network
from radio import Radio
from store import record

SN = "SN0123456789"
DEVICE = {"sn": SN, "hotspot_password": "only-for-tests-7"}


class Watched(Radio):
    """The host's radio; notes what is asked of it, and can fail."""

    def __init__(self, site):
        self.calls = []
        self.broken = False
        super().__init__(site)

    def scan(self):
        self.calls.append("scan")
        if self.broken:
            raise OSError(5)
        return super().scan()

    def hotspot_open(self, ssid, password):
        self.calls.append("open " + ssid)
        if self.broken:
            raise OSError(5)
        super().hotspot_open(ssid, password)

    def hotspot_close(self):
        self.calls.append("close")
        super().hotspot_close()

    def join(self, ssid, password):
        self.calls.append("join " + ssid)
        super().join(ssid, password)


class Site:
    """A board with nothing but a radio and a folder."""

    def __init__(self, networks=""):
        self.data = "/tmp/mp_network_%d_%d" % (id(self), clock.ticks_ms())
        os.mkdir(self.data)
        self.write("networks", networks)
        self.radio = Watched(self.data)
        self.settings = Settings(self.data + "/settings")
        self.state = State()

    def write(self, name, text):
        with open(self.data + "/" + name, "w") as f:
            f.write(text)

    def wlan(self):
        return self.radio

    def start(self, device=DEVICE):
        return asyncio.create_task(network.run(self.beat, self.state, self.settings, self, device))

    def beat(self):
        pass

    def remove(self):
        for name, *_ in list(os.ilistdir(self.data)):
            os.remove(self.data + "/" + name)
        os.rmdir(self.data)


async def pass_s(seconds):
    for _ in range(seconds):
        await asyncio.sleep_ms(1000)


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
    assert record.load(site.data + "/window") == {"used_s": 7200}
    site.remove()


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
    os.mkdir(site.data + "/window.new")  # a folder where the record wants to write
    await pass_s(100)
    assert site.state.hotspot_open
    assert len([line for line in log.lines() if "window is not stored" in line]) == 1
    os.rmdir(site.data + "/window.new")
    site.remove()


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


async def test_a_board_without_a_radio_lives_on_and_knows_its_system():
    site = Site()
    site.radio = None
    site.settings.apply({"system_name": "Garden Street"})
    site.start()
    await pass_s(10)
    assert site.state.system_created
    assert not site.state.hotspot_open
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


def test_no_network_wanted_any_more_is_left():
    j = Joining()
    j.step("Home", "x", "off", False, 0, 0)
    j.step("Home", "x", "joined", False, 1, 0)
    assert j.step("", "", "joined", False, 2, 0) == "leave"
    assert j.word == "off"
    assert j.step("", "", "off", False, 3, 0) is None
