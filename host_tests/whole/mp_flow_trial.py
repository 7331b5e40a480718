# heap: 2m
"""A version on trial in the whole bridge: what confirms it and what does not, on the virtual clock."""

import asyncio
import socket
import sys

import doors
import flow
import log
from store import record

_DEVICE = {"sn": "SN1", "hotspot_password": "only-for-tests-7"}
_HOUSE = {"system_name": "House"}


def _on_trial(settings=None, device=_DEVICE):
    """Return a bridge whose slot b is on trial, in a house where the hotspot has closed."""
    bridge = flow.Bridge("rp2040", settings=settings or _HOUSE, device=device)
    record.save(bridge.root + "/slot_state", {"slot": "b", "trial": True, "serial": 3, "floor": "0.0.0"})
    record.save(bridge.root + "/data/window", {"used_s": 7200})
    sys.path.append("/b")
    return bridge


def _watched(b):
    """Return the list of the seconds at which the board is restarted; a port that nobody has is the page's."""
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)
    b.board.http_port = doors.free_port(socket.SOCK_STREAM)
    return restarts


async def _without_broker(b):
    restarts = _watched(b)
    await b.until(lambda: b.state.portal_listens, 12000)
    assert b.state.update_trial and b.state.hotspot_open and b.state.hotspot_for_trial
    await b.until(lambda: b.state.version_decided, 80000)
    assert not b.state.update_trial
    await b.for_ms(2000)
    assert not b.state.hotspot_open
    assert not b.state.portal_listens
    assert restarts == []
    assert record.load(b.root + "/slot_state")["trial"] is False


def test_a_good_version_stays_on_a_board_without_a_broker_and_with_a_closed_hotspot():
    """Proves: OTA-3+"""
    _on_trial().run(_without_broker)


async def _dark(b):
    restarts = _watched(b)
    b.sensor_wire.silent = True
    b.plant_wire.silent = True
    await b.until(lambda: b.state.version_decided, 100000)
    assert (b.state.plant_link, b.state.sensor_link) == ("silent", "silent")
    assert restarts == []


def test_a_good_version_stays_where_sensor_and_plant_have_no_power_and_there_is_no_way_to_reach_it():
    """Nothing of that can be proved in such a house. Proves: OTA-3+"""
    _on_trial(device={"sn": "SN1"}).run(_dark)


async def _crashing_uplink(b):
    restarts = _watched(b)

    class Part:
        async def run(self, beat, state, settings):
            state.uplink_connected = True
            try:
                await asyncio.sleep(5)
                raise ValueError("after the login")
            finally:
                state.uplink_connected = False

    sys.modules["bridge.tasks.uplink"] = Part()
    b.settings.apply({"mqtt_host": "192.0.2.1"})
    await b.until(lambda: restarts, 310000)
    assert b.state.update_trial
    (line,) = [line for line in log.lines() if "was not healthy" in line]
    assert "uplink died" in line, line


def test_a_version_whose_uplink_crashes_after_each_login_is_not_confirmed():
    """Proves: OTA-3+"""
    _on_trial().run(_crashing_uplink)


async def _deaf_portal(b):
    restarts = _watched(b)
    taken = socket.socket()
    taken.bind(socket.getaddrinfo("127.0.0.1", b.board.http_port)[0][-1])
    taken.listen(1)
    await b.until(lambda: restarts, 310000)
    taken.close()
    assert b.state.hotspot_open and not b.state.portal_listens
    assert b.state.update_trial
    (line,) = [line for line in log.lines() if "was not healthy" in line]
    assert line.endswith("uplink or page"), line


def test_a_version_whose_portal_cannot_start_is_not_confirmed_by_an_open_hotspot():
    """Proves: OTA-3+"""
    _on_trial().run(_deaf_portal)


async def _confirmed(b):
    _watched(b)
    await b.for_ms(3000)
    assert (b.state.update_slot, b.state.update_trial, b.state.version_decided) == ("b", False, False)
    await b.until(lambda: b.state.version_decided, 70000)
    assert record.load(b.root + "/slot_boots") == {"serial": 3, "count": 0, "steady": True}
    assert (b.state.update_slot, b.state.update_trial) == ("b", False)


def test_which_slot_runs_is_known_before_a_confirmed_version_is_settled():
    """Proves: OTA-3+"""
    bridge = _on_trial()
    record.save(bridge.root + "/slot_state", {"slot": "b", "trial": False, "serial": 3, "floor": "0.0.0"})
    record.save(bridge.root + "/slot_boots", {"serial": 3, "count": 4})
    bridge.run(_confirmed)


async def _updating(b):
    _watched(b)
    await b.until(lambda: b.state.hotspot_open, 12000)
    b.state.update_state = "receiving"
    await b.for_ms(30000)
    assert b.state.hotspot_open
    b.state.update_state = "refused"
    await b.for_ms(1000)
    assert not b.state.hotspot_open


def test_the_hotspot_does_not_close_in_the_middle_of_an_installation():
    """Proves: OTA-3+"""
    bridge = flow.Bridge("rp2040", settings=_HOUSE, device=_DEVICE)
    record.save(bridge.root + "/data/window", {"used_s": 7190})
    bridge.run(_updating)


async def _role_changes(b):
    restarts, given = _watched(b), []

    class Portal:
        async def run(self, beat, *arguments):
            given.extend(arguments)
            while True:
                beat()
                await asyncio.sleep(1)

    sys.modules["bridge.tasks.portal"] = Portal()
    await b.until(lambda: given, 12000)
    session = given[3](True)
    assert b.state.update_state == "receiving"
    assert b.settings.apply({"rs485_1_role": "off"}) == []
    await b.for_ms(40000)
    assert restarts == []
    session.close()
    await b.until(lambda: restarts, 15000)


def test_a_role_that_changes_in_the_middle_of_an_installation_waits_for_its_end():
    """Its new start would cut the update. Proves: OTA-3+"""
    flow.Bridge("rp2040", device=_DEVICE).run(_role_changes)
