# heap: 2m
"""Damaged is not missing: what a bridge does whose records cannot be read in any copy."""

import asyncio
import sys

import flow
import log
from bridge import points
from bridge.logic.doors import messages
from store import record

_DEVICE = {"sn": "SN1", "hotspot_password": "only-for-tests-7"}
_LISTENS = {"rs485_1_role": "listen", "rs485_2_role": "listen", "system_name": "House", "do_safe_mask": 3}


def _spoil(path):
    with open(path, "r+b") as f:
        f.seek(30)
        octet = f.read(1)[0]
        f.seek(30)
        f.write(bytes([octet ^ 4]))


def _bridge(name, value, copies=2):
    """Return a bridge one of whose records has a flipped bit in so many copies."""
    bridge = flow.Bridge("rp2040", device=_DEVICE)
    record.save(bridge.root + "/data/" + name, value)
    for folder in ("/data/", "/")[:copies]:
        _spoil(bridge.root + folder + name)
    return bridge


def _page(b):
    """Take the place of the portal; return the list that its arguments come into."""
    came = []

    class Portal:
        async def run(self, beat, *arguments):
            came.extend(arguments)
            while b.state.hotspot_open:
                beat()
                await asyncio.sleep_ms(500)

    sys.modules["bridge.tasks.portal"] = Portal()
    return came


def _fact(b, name):
    return dict(zip(points.facts(), messages.facts(b.state)))[name]


async def _silent(b):
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)
    portal = _page(b)
    await b.for_ms(20000)
    assert b.sensor_wire.heard == [] and b.plant_wire.heard == []  # not a byte as master on somebody's bus
    assert b.state.rs485 == ("off", "off")
    assert (b.state.outputs, b.state.limit_wanted) == (0, False)
    assert b.state.damaged == "settings"
    assert _fact(b, "records") == "damaged: settings"
    assert any(["damaged: settings" in line for line in log.lines()])
    # The page is there, for as long as it takes; nothing but a decision changes anything.
    assert (b.state.hotspot_open, b.state.hotspot_left_s) == (True, -1)
    (refusal,) = b.settings.apply({"plant_unit": 3})
    assert refusal[0] == "settings" and refusal[1].startswith("are damaged")
    assert restarts == []
    decide = portal[-1]
    assert decide({"rs485_1_role": "nonsense"})[0][0] == "rs485_1_role"
    assert b.state.damaged == "settings"
    assert decide({"rs485_1_role": "listen", "sensor_unit": 7}) == []
    assert b.state.damaged == ""
    assert record.load(b.root + "/data/settings") == {"rs485_1_role": "listen", "sensor_unit": 7}
    await b.for_ms(4000)
    assert restarts  # into the roles that were decided


def test_damaged_settings_are_no_defaults_the_ports_stay_silent_until_a_person_decides():
    """Proves: REL-1+"""
    _bridge("settings", _LISTENS).run(_silent)


async def _as_before(b):
    await b.for_ms(3000)
    assert b.state.damaged == ""
    assert (b.settings.rs485_1_role, b.settings.do_safe_mask) == ("listen", 3)
    assert b.state.rs485[0].startswith("listen")
    assert _fact(b, "records") == "ok"


def test_one_flipped_bit_in_the_settings_changes_nothing():
    """Proves: REL-1+"""
    _bridge("settings", _LISTENS, copies=1).run(_as_before)


async def _unreadable_role(b):
    portal = _page(b)
    await b.for_ms(10000)
    assert b.plant_wire.heard == []
    assert len(b.sensor_wire.heard) > 5
    assert b.state.rs485[0] == "off"
    assert portal[-1]({"rs485_1_role": "master"}) == []
    assert b.settings.ignored == [("publish_ms", "must be 500 to 600000 ms, not 1")]


def test_a_role_that_this_version_does_not_know_is_not_that_of_the_master():
    """As after the way back to an older version. Proves: REL-1+"""
    bridge = flow.Bridge("rp2040", device=_DEVICE)
    record.save(bridge.root + "/data/settings", {"rs485_1_role": "conductor", "publish_ms": 1})
    bridge.run(_unreadable_role)


async def _unknown_limit(b):
    portal = _page(b)
    await b.until(lambda: b.value("plant_max_power"), 20000)
    await b.for_ms(20000)
    assert b.state.damaged == "limit"
    assert list(b.plant.written) == []
    assert record.damaged(b.root + "/data/limit")  # nothing has written over it
    assert portal[-1]({}) == []
    assert b.state.damaged == ""
    assert not record.damaged(b.root + "/data/limit")


def test_a_damaged_record_of_the_limit_leaves_what_stands_at_the_plant_until_a_person_decides():
    """Proves: DRM-2+"""
    _bridge("limit", {"owed": True, "rated_w": 6000}).run(_unknown_limit)


async def _contacts_ask(b):
    b.settings.apply({"grid_table": "ripple"})
    await b.until(lambda: b.value("plant_max_power"), 20000)
    b.contact(2, True)
    await b.until(lambda: b.state.plant_limit_state == "held", 20000)
    assert record.load(b.root + "/data/limit")["owed"] is True


def test_with_a_damaged_record_of_the_limit_the_contacts_are_obeyed_and_it_is_whole_again():
    """Proves: DRM-2+"""
    _bridge("limit", {"owed": False, "rated_w": 6000}).run(_contacts_ask)
