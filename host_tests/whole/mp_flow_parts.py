# heap: 2m
"""Parts of the whole bridge: what is not needed is not in memory, and nothing is lost by it."""

import sys

import flow
from store import record

_DEVICE = {"sn": "SN1", "hotspot_password": "only-for-tests-7"}
_PORTAL = ("bridge.tasks.portal", "bridge.logic.doors.pages", "captive.name_server", "http.server")
_UPLINK = ("bridge.tasks.uplink", "bridge.logic.doors.messages", "mqtt.client")
_UPDATE = ("bridge.tasks.updater", "slots.installer", "slots.bundle")
_TRIAL = ("bridge.tasks.trial", "bridge.logic.update.trial")


def _loaded(names):
    return [name in sys.modules for name in names]


async def _a_day(b):
    await b.for_ms(4000)
    assert b.state.hotspot_open
    assert all(_loaded(_PORTAL))
    assert not any(_loaded(_UPLINK + _UPDATE + _TRIAL))
    assert b.settings.apply({"mqtt_host": "192.0.2.1"}) == []
    await b.for_ms(2000)
    assert all(_loaded(_PORTAL + _UPLINK))
    await b.for_ms(61000)
    assert b.state.version_decided
    assert not any(_loaded(_TRIAL))
    await b.for_ms(30000)
    assert not b.state.hotspot_open
    assert not any(_loaded(_PORTAL))
    assert all(_loaded(_UPLINK))
    assert b.settings.apply({"mqtt_host": ""}) == []
    await b.for_ms(3000)
    assert not any(_loaded(_UPLINK))
    assert b.state.uplink_text == "no broker set"
    record.save(b.root + "/update.bundle", {})  # any file: none of them is a bundle
    await b.for_ms(3000)
    assert b.state.update_state == "refused"
    assert not any(_loaded(_UPDATE))


def test_each_part_comes_when_it_is_wanted_and_goes_when_it_is_not():
    """Proves: PRV-3+, OTA-2+"""
    bridge = flow.Bridge("rp2040", settings={"system_name": "House"}, device=_DEVICE)
    record.save(bridge.root + "/data/window", {"used_s": 7110})  # of 7200 that the hotspot stays open
    bridge.run(_a_day)


async def _starved(b):
    """The uplink finds no memory, five times."""
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)

    class Part:
        def __getattr__(self, name):
            raise MemoryError

    await b.for_ms(1500)
    sys.modules["bridge.tasks.uplink"] = Part()
    b.settings.apply({"mqtt_host": "192.0.2.1"})
    await b.for_ms(40000)
    assert len(restarts) == 1
    assert record.load(b.root + "/data/restart") == {"why": "uplink found no memory five times"}


def test_a_part_that_finds_no_memory_five_times_brings_a_restart_that_is_noted():
    """Proves: REL-1+"""
    flow.Bridge("rp2040").run(_starved)


async def _starved_twice(b):
    """Not even the note of a restart finds memory."""
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)

    async def dies(beat):
        raise MemoryError

    from bridge import app

    class Full:
        def __getattr__(self, name):
            raise MemoryError

    stock, app.record = app.record, Full()
    b.supervisor.add("starved", dies)
    await b.for_ms(20000)
    app.record = stock
    assert len(restarts) == 1


def test_a_restart_for_want_of_memory_comes_although_its_note_finds_none():
    """Proves: REL-1+"""
    flow.Bridge("rp2040").run(_starved_twice)


async def _noted(b):
    """The record of such a restart was there at the start."""
    assert b.state.restart_reason == "uplink found no memory five times"
    assert record.load(b.root + "/data/restart") is None
    await _starved_again(b)


async def _starved_again(b):
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)

    async def dies(beat):
        raise MemoryError

    b.supervisor.add("starved", dies)
    await b.for_ms(60000)
    assert restarts == []


def test_after_such_a_restart_the_reason_is_told_and_the_same_again_is_no_reason_to_restart():
    """Proves: REL-1+"""
    bridge = flow.Bridge("rp2040")
    record.save(bridge.root + "/data/restart", {"why": "uplink found no memory five times"})
    bridge.run(_noted)


async def _much_later(b):
    restarts = []
    b.board.restart = lambda: restarts.append(b.state.uptime_s)

    async def dies(beat):
        raise MemoryError

    from bridge import app

    class Clock:
        seconds_s = 3599

        def seconds(self):
            return self.seconds_s

    stock, app.clock = app.clock, Clock()
    b.supervisor.add("starved", dies)
    await b.for_ms(20_000)
    assert restarts == []
    app.clock.seconds_s = 3600
    b.supervisor.add("starving", dies)
    await b.for_ms(20_000)
    app.clock = stock
    assert len(restarts) == 1


def test_an_hour_after_such_a_restart_another_one_may_come():
    """Proves: REL-1+"""
    bridge = flow.Bridge("rp2040")
    record.save(bridge.root + "/data/restart", {"why": "uplink found no memory five times"})
    bridge.run(_much_later)
