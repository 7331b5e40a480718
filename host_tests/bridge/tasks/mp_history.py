# heap: 24m
# What is kept while the uplink is away, over simulated outages.
import asyncio
import json

import clock
import ram_disk
from bridge import points
from bridge.logic.doors import history as entries
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import history

NOW = [clock.ticks_ms()]
FOLDER = ram_disk.ROOT + "/data/history/"


class Outbox:
    def __init__(self, client):
        self._client = client

    def holds(self, topic):
        return self._client.waits


class Client:
    """A broker that acknowledges when told to."""

    def __init__(self):
        self.waits = False
        self.told = []
        self.outbox = Outbox(self)

    def publish(self, topic, text, qos):
        assert topic == "t" and qos == 1 and not self.waits
        self.told.append(json.loads(text))
        self.waits = True
        return True


def started():
    state = State("1.0.0", "power", "SN")
    state.inputs_settled = True
    return state


def measured(state, name, value, now):
    import struct

    state.readings.bind(name, "f", 1, 1 << 29)
    state.readings.put(points.number(name), struct.pack(">f", value), 0, now)


def drained(kept, client, turns=100_000, lose=None):
    """Let the uplink take what is kept until nothing new comes; the broker acknowledges each, but number `lose`."""
    quiet = 0
    for _ in range(turns):
        before = len(client.told)
        NOW[0] = now = clock.ticks_add(NOW[0], 200)
        kept.deliver(client, "t", now)
        if client.waits and len(client.told) != lose:
            client.waits = False
        quiet = quiet + 1 if len(client.told) == before else 0
        if quiet > 3:
            return
    raise AssertionError("it goes on for ever")


def write(kept, now_s):
    if kept.due(now_s):
        for _ in kept.flush(now_s):
            pass


def test_an_entry_says_what_it_was_packed_from():
    packed = entries.energy(0xABCD, 900, 21 * 60 + 5, (12345.678, 0.0, None, 99.25))
    assert json.loads(entries.told(7, packed, 0xABCD, 1000)) == {
        "boot": "0000abcd",
        "n": 7,
        "up_s": 900,
        "age_s": 100,
        "clock": "21:05",
        "energy": {
            "sensor_import_energy": 12345.678,
            "sensor_export_energy": 0.0,
            "plant_pv_energy": None,
            "plant_load_energy": 99.25,
        },
    }
    packed = entries.signal(1, 5, None, 0b00101, 60, 6000, "held")
    assert json.loads(entries.told(8, packed, 2, 1000)) == {
        "boot": "00000001",
        "n": 8,
        "up_s": 5,
        "age_s": None,
        "clock": None,
        "contacts": [1, 0, 1, 0, 0],
        "limit_pct": 60,
        "limit_w": 6000,
        "limit_state": "held",
    }
    assert json.loads(entries.told(9, entries.event(1, 5, 0, 'say "no"'), 1, 6))["event"] == 'say "no"'
    assert entries.told(9, b"\x63" + bytes(10), 1, 6) == ""  # of a later version


def test_what_happens_while_the_broker_is_away_comes_in_order_when_it_is_back():
    """Proves: NET-5+"""
    ram_disk.mount()
    state, client = started(), Client()
    kept = history.History(state, FOLDER)
    measured(state, "sensor_import_energy", 10.5, 0)
    for now_s in range(0, 3700, 10):
        state.inputs = 2 if now_s >= 1000 else 0
        kept.look(now_s)
        write(kept, now_s)
    drained(kept, client)
    assert [m["n"] for m in client.told] == list(range(1, len(client.told) + 1))
    assert sum("energy" in m for m in client.told) == 5
    assert [m["contacts"][1] for m in client.told if "contacts" in m] == [0, 1]
    assert client.told[0]["event"] == "start by power, version 1.0.0"
    write(kept, 10_000)
    assert kept._journal.empty()
    import os

    assert os.listdir(FOLDER) == []


def test_while_the_uplink_is_up_nothing_is_written_and_a_value_waits_a_minute_at_most():
    """Proves: NET-5+"""
    device = ram_disk.mount()
    state, client = started(), Client()
    state.uplink_connected = True
    kept = history.History(state, FOLDER)
    before = device.operations
    for now_s in range(0, 3600, 2):
        kept.look(now_s)
        write(kept, now_s)
        drained(kept, client)
    assert device.operations == before and len(client.told) >= 3
    state.inputs = 1
    kept.look(3600)  # the broker does not answer from here on
    kept._waits_s = 3600
    assert [kept.due(s) for s in (3600, 3659, 3660)] == [False, False, True]


def test_what_was_not_acknowledged_is_told_again_and_only_that_is_kept():
    """Proves: NET-5+"""
    ram_disk.mount()
    state, client = started(), Client()
    kept = history.History(state, FOLDER)
    for n in range(12):
        state.inputs = n % 2
        kept.look(n * 1000)
        write(kept, n * 1000)
    drained(kept, client, lose=5)
    assert len(client.told) == 5 and client.waits
    again = Client()  # the connection was made anew
    drained(kept, again)
    assert again.told[0] == client.told[4]
    assert [m["n"] for m in again.told] == list(range(5, 5 + len(again.told)))


def test_a_power_cut_in_the_middle_of_an_outage_loses_nothing_that_was_written():
    """Proves: NET-5+, OTA-4+"""
    ram_disk.mount()
    state, client = started(), Client()
    kept = history.History(state, FOLDER)
    for n in range(6):
        state.inputs = n % 2
        kept.look(n * 1000)
        write(kept, n * 1000)
    boots = {kept._boot}
    kept = history.History(state, FOLDER)  # it starts again, and nothing was told
    boots.add(kept._boot)
    assert len(boots) == 2
    drained(kept, client)
    contacts = [m["contacts"][0] for m in client.told if "contacts" in m]
    assert contacts == [0, 1, 0, 1, 0, 1]
    keys = [(m["boot"], m["n"]) for m in client.told]
    assert len(set(keys)) == len(keys)
    assert [m["age_s"] is None for m in client.told[:-1]] == [True] * (len(keys) - 1)


def test_a_month_without_a_broker_fits_and_a_flapping_link_does_not_push_it_out():
    """2880 quarters of an hour of 45 bytes, 96 events of 58 a day at most, evidence. Proves: NET-5+"""
    device = ram_disk.mount(192)
    state, client = started(), Client()
    kept = history.History(state, FOLDER)
    day_s = 86400
    for now_s in range(0, 30 * day_s, 300):
        measured(state, "sensor_import_energy", now_s / 3600, 0)
        if now_s % (2 * 3600) == 0:
            state.inputs ^= 4  # twelve changes a day
        state.sensor_link = "silent" if now_s % day_s < 1800 else "ok"
        kept.look(now_s)
        write(kept, now_s)
    drained(kept, client, 20_000)
    energy = [m for m in client.told if "energy" in m]
    assert len(energy) == 2880, (len(energy), len(client.told), kept._journal.last, kept._journal.lost)
    assert [round(m["energy"]["sensor_import_energy"] * 4) for m in energy] == list(range(2880))
    assert sum("contacts" in m for m in client.told) == 360
    assert device.breaches == 0


def test_its_task_beats_writes_and_goes_when_it_is_not_wanted():
    ram_disk.mount()
    state = started()
    beats, gaps, wanted = [], [], [True]

    async def gap():
        gaps.append(1)

    async def story():
        task = asyncio.create_task(history.run(lambda: beats.append(1), lambda: wanted[0], state, FOLDER, gap))
        await asyncio.sleep_ms(3000)
        assert state.history and len(beats) >= 5 and gaps
        wanted[0] = False
        await asyncio.sleep_ms(1000)
        assert state.history is None
        await task

    asyncio.run(story())
    import os

    assert len(os.listdir(FOLDER)) == 1
    assert Settings().history == "auto"


def test_a_text_that_is_too_long_loses_whole_characters_and_can_be_told():
    for text, left in (
        ("x" * 159 + "\u00e4", 159),
        ("x" * 158 + "\u00e4", 159),
        ("x" * 157 + "\u20ac\u20ac", 158),
        ("\u20ac" * 60, 53),
    ):
        told = json.loads(entries.told(1, entries.event(7, 0, None, text), 7, 0))["event"]
        assert told == text[:left], (text, told)
        kept = entries.signal(7, 0, None, 0, 100, None, text)
        assert json.loads(entries.told(1, kept, 7, 0))["limit_state"] == text[:left]
