# heap: 2m
# Installations from the page and from a file that the PC left, on the virtual clock.
import asyncio
import os
import time

import ram_disk
import tiny_bundle
from bridge.tasks import updater
from slots.slots import Slots
from slots.version import Refused
from updater_rig import ROOT, Bridge, install, started, two_versions


async def test_an_upload_is_installed_and_the_board_restarts_into_it():
    """Proves: OTA-1, OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    task = asyncio.create_task(bridge.lives_s(20))
    await asyncio.sleep_ms(500)
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    assert bridge.state.update_state == "receiving"
    raw = tiny_bundle.bundle("3.0.0")
    await session.feed(raw[: len(raw) // 2])
    assert 20 < bridge.state.update_percent < 80
    await session.feed(raw[len(raw) // 2 :])
    await session.finish()
    assert bridge.state.update_state == "installed"
    assert bridge.state.update_text == "version 3.0.0 starts next, on trial"
    assert await task
    assert started() == "a"
    assert Slots(ROOT, "a").manifest("a")["version"] == "3.0.0"


async def test_one_update_at_a_time():
    """Proves: OTA-1"""
    two_versions()
    bridge = Bridge("a")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    try:
        updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
        raise AssertionError("two")
    except Refused as e:
        assert str(e) == "update: one at a time, and one is under way"
    session.close()
    assert bridge.state.update_state == "refused"
    updater.begin(bridge.state, bridge.settings, bridge.slots, "host").close()


async def test_a_bad_upload_is_refused_with_the_reason_and_the_next_one_works():
    """Proves: OTA-2+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    try:
        await session.feed(b"<html>no bundle</html>")
        raise AssertionError("taken")
    except Refused:
        pass
    assert bridge.state.update_state == "refused"
    assert bridge.state.update_text == "refused: bundle is none: its first bytes are wrong"
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    await session.feed(tiny_bundle.bundle("3.0.0"))
    await session.finish()
    assert bridge.state.update_state == "installed"


async def test_a_phone_that_walks_away_in_the_middle_blocks_nobody():
    """Proves: REL-1+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    await session.feed(tiny_bundle.bundle("3.0.0")[:2000])
    assert not await bridge.lives_s(65)
    assert bridge.state.update_text == "the sender went silent for 60 s"
    try:
        await session.feed(b"late")
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "bundle: is no longer being received"
    assert [started() for _ in range(2)] == ["b", "b"]


async def test_a_file_from_the_pc_is_installed_and_removed():
    """Proves: OTA-1"""
    two_versions()
    Slots(ROOT, "b").confirm()
    ram_disk.put("update.bundle", tiny_bundle.bundle("3.0.0"))
    bridge = Bridge("b")
    assert await bridge.lives_s(20)
    assert "update.bundle" not in os.listdir(ROOT)
    assert started() == "a"


async def test_a_bad_file_from_the_pc_is_removed_and_the_bridge_runs_on():
    """Proves: OTA-2+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    for content in (b"", tiny_bundle.bundle("3.0.0")[:-1], b"x" * 5000):
        ram_disk.put("update.bundle", content)
        bridge = Bridge("b")
        assert not await bridge.lives_s(10)
        assert bridge.state.update_state == "refused"
        assert bridge.slots.session is None
        assert "update.bundle" not in os.listdir(ROOT)
    assert started() == "b"


async def test_a_full_flash_refuses_the_update_and_nothing_else():
    """Proves: REL-1+"""
    ram_disk.mount(40)
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    ram_disk.put("journal", b"x" * 4096 * 26)
    bridge = Bridge("a")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    try:
        await session.feed(tiny_bundle.bundle("3.0.0"))
        raise AssertionError("taken")
    except Refused as e:
        assert str(e).startswith("image: is too large"), e
    assert started() == "a"


async def test_a_flash_that_fails_while_an_update_comes_in_ends_it_with_the_reason():
    """Proves: REL-1+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    await session.feed(tiny_bundle.bundle("3.0.0")[:9000])
    session._installer._slots.commit = no_space
    try:
        await session.feed(tiny_bundle.bundle("3.0.0")[9000:])
        await session.finish()
        raise AssertionError("finished")
    except OSError:
        pass
    assert bridge.state.update_state == "refused"
    assert bridge.state.update_text.startswith("flash failed")
    assert started() == "b"


def no_space(slot, note, signed):
    raise OSError(28)


async def test_others_run_while_an_update_is_installed():
    """Proves: REL-1+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    turns = []

    async def other():
        while True:
            turns.append(time.ticks_ms())
            await asyncio.sleep_ms(0)

    task = asyncio.create_task(other())
    await asyncio.sleep_ms(0)
    time.pass_ms(5000)  # new tasks are stamped with the real clock, which the virtual one must have passed
    await asyncio.sleep_ms(0)
    turns.clear()
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    await session.feed(tiny_bundle.bundle("3.0.0"))
    await session.finish()
    task.cancel()
    assert len(turns) > 2 * len(tiny_bundle.FILES), len(turns)


def _full(*_):
    raise MemoryError


_SHORT = "is short just now; the running version stays, try again after a restart"


async def test_an_update_for_which_there_is_no_memory_is_refused_in_words_whenever_it_ends():
    """Proves: OTA-1, REL-1+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    bridge = Bridge("b")
    whole = updater.Installer
    updater.Installer = _full
    try:
        updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
        raise AssertionError("begun")
    except Refused as e:
        assert str(e) == "memory: " + _SHORT
    finally:
        updater.Installer = whole
    assert bridge.slots.session is None and bridge.state.update_state == "idle"
    raw = tiny_bundle.bundle("3.0.0")
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")
    await session.feed(raw[:3000])
    session._installer.feed = _full
    try:
        await session.feed(raw[3000:])
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "memory: " + _SHORT
    assert (bridge.state.update_state, bridge.state.update_text) == ("refused", "memory " + _SHORT)
    session = updater.begin(bridge.state, bridge.settings, bridge.slots, "host")  # and the next one is taken
    await session.feed(raw)
    await session.finish()
    assert bridge.state.update_state == "installed"


async def test_a_file_from_the_pc_for_which_there_is_no_memory_is_refused_in_words_and_the_updater_lives():
    """Proves: OTA-1, REL-1+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    ram_disk.put("update.bundle", tiny_bundle.bundle("3.0.0"))
    bridge = Bridge("b")
    whole = updater.Installer
    updater.Installer = _full
    try:
        assert not await bridge.lives_s(10)
    finally:
        updater.Installer = whole
    assert (bridge.state.update_state, bridge.state.update_text) == ("refused", "memory " + _SHORT)
    assert "update.bundle" not in os.listdir(ROOT)
    assert started() == "b"


async def test_an_updater_that_dies_amid_a_file_says_so_at_once():
    """Not after the minute in which a sender may be silent."""
    two_versions()
    Slots(ROOT, "b").confirm()
    ram_disk.put("update.bundle", tiny_bundle.bundle("3.0.0"))
    bridge = Bridge("b")
    whole = updater._feed_from
    updater._feed_from = _fails
    try:
        await bridge.lives_s(10)
        raise AssertionError("it lives")
    except ZeroDivisionError:
        pass
    finally:
        updater._feed_from = whole
    assert (bridge.state.update_state, bridge.state.update_text) == ("refused", "stopped by a fault")
    assert bridge.slots.session is None
    assert "update.bundle" not in os.listdir(ROOT)


async def _fails(file, beat, session):
    raise ZeroDivisionError
