"""A real broker goes away, contacts change, the power fails in the middle: what was kept comes when all is back."""

import asyncio
import os
import time

import pytest
from bridgectl import firmware
from bridgectl.run.session import Session
from brokers import Mosquitto
from patience import HANG_S
from uplink_rig import Ear

firmware.load()

from bridge.logic.doors import history  # noqa: E402


def _contacts(content):
    """Return the contacts of each grid signal in a file of the journal, as bit masks (lib/store/segment.py)."""
    found, at = [], 0
    while at + 10 < len(content):
        size = content[at]
        entry = content[at + 10 : at + 10 + size]
        if content[at + 1] & 0xF0 == 0xA0 and len(entry) == size:
            if entry[0] == history.SIGNAL:
                found.append(entry[11])
            at += 9 + size
        at += 1
    return found


async def _kept(session, mask):
    """Wait until the flash holds a grid signal with these contacts."""
    folder = session.folder.root / "data" / "history"
    deadline = time.monotonic() + HANG_S
    while not (folder.is_dir() and any(mask in _contacts(path.read_bytes()) for path in folder.iterdir())):
        assert time.monotonic() < deadline, "nothing was written"
        await asyncio.sleep(0.1)


@pytest.mark.proves("NET-5+", "NET-3+")
async def test_what_happened_while_the_broker_was_away_comes_once_it_is_back_though_the_power_failed(tmp_path):
    if not Mosquitto.available:
        pytest.skip("mosquitto is not installed")
    with Mosquitto(tmp_path) as broker:
        session = Session(folder=tmp_path / "run", broker=("127.0.0.1", broker.port))
        try:
            async with Ear(broker.port) as ear:
                await session.start()
                await ear.until(lambda: any("energy" in entry for entry in ear.history), "no counters")
                (first,) = {entry["boot"] for entry in ear.history}
                assert "start by" in ear.history[0]["event"] and ear.history[0]["n"] == 1
                assert all(entry["age_s"] is not None for entry in ear.history)
            broker.stop()
            session.folder.flip(1)
            await _kept(session, 0b00001)
            os.kill(session.firmware.process.pid, 9)
            session.firmware.ending = True
        finally:
            await session.end()
        broker.start()
        session = Session(folder=tmp_path / "run", broker=("127.0.0.1", broker.port), keep=True)
        try:
            async with Ear(broker.port) as ear:
                await session.start()
                await ear.until(
                    lambda: len({entry["boot"] for entry in ear.history}) == 2, "what was kept, and a start"
                )
                kept = [entry for entry in ear.history if entry["boot"] == first]
                assert [entry["contacts"] for entry in kept if "contacts" in entry][-1] == [1, 0, 0, 0, 0]
                assert all(entry["age_s"] is None for entry in kept)
                keys = [(entry["boot"], entry["n"]) for entry in ear.history]
                assert len(set(keys)) == len(keys)
        finally:
            await session.end()
