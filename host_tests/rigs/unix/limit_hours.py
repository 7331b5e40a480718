"""A limit at odd plants and under changing contacts, through the whole bridge on the virtual clock; each prints JSON.

runner.py limit_hours.py FUNCTION virtual [SECONDS or PHASE]
"""

import json
import sys
import time

import flow

_SAMPLE_MS = 100
_SECOND_MS = 1000
_ROWS = {0: None, 1: None, 2: 3600, 4: 1800, 8: 0}  # contacts -> W at 6000 W; of several the strictest holds
_SETTLED_MS = 120  # from an edge until it surely counts
_APART_MS = 100  # between two relays of a receiver
_PHASE_MS = 50  # 40 of them are two periods of the plant's polls
_STILL_MS = 1100  # the plant wants 1000 between two requests
_WAIT_MS = 2500  # in which a stale write would still come


def _asked(default):
    return int(sys.argv[4]) if len(sys.argv) > 4 else default


def _holds(plant, limit_w):
    return plant.limit_w is not None and plant.limit_w <= limit_w


def _hour(make_odd, contact=4, limit_w=0, turns_ms=0):
    """Tell the share of an hour in which the limit was held, and the longest time in which `held` was said and not so.

    turns_ms: the contact takes turns with DI2 (60 %) in this rhythm.
    """
    seconds = _asked(3600)

    async def story(b):
        await b.for_ms(8000)
        b.contact(contact, True)
        await b.until(lambda: b.state.plant_limit_state == "held", 30000)
        make_odd(b)
        held = wanted = lie_ms = longest_ms = 0
        for step in range(seconds * _SECOND_MS // _SAMPLE_MS):
            await b.for_ms(_SAMPLE_MS)
            passed_ms = step * _SAMPLE_MS
            if turns_ms and passed_ms % turns_ms == 0:
                strict = passed_ms // turns_ms % 2 == 0
                b.contact(contact, strict)
                b.contact(2, not strict)
            now_w = b.state.plant_limit_w if turns_ms else limit_w
            so = now_w is None or _holds(b.plant, now_w)
            wanted += 1
            held += so
            lie_ms = lie_ms + _SAMPLE_MS if b.state.plant_limit_state == "held" and not so else 0
            longest_ms = max(longest_ms, lie_ms)
        told = {"held": held / wanted, "lie_ms": longest_ms, "overruled": b.state.plant_limit_text}
        print(json.dumps(told))

    return story


def _run(story, rated_w=6000, **settings):
    bridge = flow.Bridge("rp2040", settings=dict(settings, grid_table="ripple"))
    bridge.house.max_power_w = rated_w
    bridge.run(story)


def takes_back():
    """Another one sets 10 kW 8 s after each write."""

    def make(b):
        b.plant.takes_back_ms, b.plant.takes_back_w = 8000, 10000

    _run(_hour(make))


def rounds():
    """3606 W are taken for 3610 W."""

    async def story(b):
        b.plant.rounds_to_w = 10
        await _hour(lambda b: None, 2, 3606)(b)

    _run(story, 6011)


def restarts():
    """Every minute for 1.5 s, the limit forgotten."""

    def make(b):
        b.plant.restarts_every_ms = 60000

    _run(_hour(make))


def busy():
    """One request in ten is answered with exception 4; the limit changes each minute."""

    def make(b):
        b.plant.busy_every = 10

    _run(_hour(make, turns_ms=60000))


def clamps():
    """A plant that takes nothing less than 5 kW: the writes of an hour."""
    seconds = _asked(3600)

    async def story(b):
        b.plant.least_w = 5000
        writes = []
        take = b.plant.write

        def write(*request):
            writes.append(1)
            return take(*request)

        b.plant.write = write
        b.contact(2, True)
        await b.for_ms(seconds * _SECOND_MS)
        told = {"writes": len(writes) * 3600 / seconds, "state": b.state.plant_limit_state}
        told["soc"] = b.value("plant_soc") is not None
        print(json.dumps(told))

    _run(story)


def _limit_of(mask):
    limits = [_ROWS[bit] for bit in (1, 2, 4, 8) if mask & bit and _ROWS[bit] is not None]
    return min(limits) if limits else None


def each_change():
    """Yield the combinations of four contacts so that every change from one to another comes once, from none to none."""
    for one in range(15):
        for other in range(one + 2, 16):
            yield other
            yield one
        yield one + 1
    yield from range(14, -1, -1)


def transitions():
    """All changes between two of the 16 combinations, one relay after the other, each in one phase of the polls (0..39)."""
    phase = _asked(0)

    async def story(b):
        stale = count = slowest_ms = plant_ms = closed = 0
        pairs = set()
        await b.for_ms(8000)
        for wanted in each_change():
            polled = b.plant_wire.heard[-1][0]
            await b.until(lambda: b.plant_wire.heard[-1][0] != polled, 5000)  # noqa: B023 (called at once)
            await b.for_ms(_PHASE_MS * phase)
            b.plant.written.clear()
            before_w, limit_w = _limit_of(closed), _limit_of(wanted)
            edge_at = time.ticks_ms()
            for number in range(1, 5):
                if (closed ^ wanted) >> number - 1 & 1:
                    b.contact(number, bool(wanted >> number - 1 & 1))
                    edge_at = time.ticks_ms()
                    await b.for_ms(_APART_MS)
            pairs.add((closed, wanted))
            closed = wanted
            await b.until(lambda: b.plant.limit_w == limit_w, 8000)  # noqa: B023
            await b.for_ms(_WAIT_MS)
            count += 1
            before, raw = [0xFFFFFFFF if watts is None else watts for watts in (before_w, limit_w)]
            for at, _, value in b.plant.written:
                after_ms = time.ticks_diff(at, edge_at)
                stale += (after_ms > _SETTLED_MS and value != raw) or value > max(before, raw)
                if value == raw != 0xFFFFFFFF and (before_w is None or limit_w < before_w):
                    plant_ms = max(plant_ms, after_ms)
            slowest_ms = max(slowest_ms, b.state.edge_to_write_ms)
        told = {"stale": stale, "transitions": count, "pairs": len(pairs)}
        told["edge_to_write_ms"], told["edge_to_plant_ms"] = slowest_ms, plant_ms
        told["shortest_period_ms"] = b.plant.shortest_period_ms
        print(json.dumps(told))

    _run(story)


def idle():
    """Each combination that limits, closed where the plant's line has been still for longer than its own pause; 10 phases.

    Polls are as far apart as can be set, so that there is such a time.
    """

    async def story(b):
        slowest_ms = count = 0
        await b.for_ms(8000)
        for mask in (2, 4, 8, 6, 10, 12, 14):
            for phase in range(10):
                await b.until(lambda: b.plant.limit_w is None and b.state.plant_limit_state == "held", 8000)
                await b.until(lambda: _still_ms(b) > _STILL_MS + 17 * phase, 200000)  # noqa: B023 (called at once)
                for number in range(1, 5):
                    b.contact(number, bool(mask >> number - 1 & 1))
                await b.until(lambda: b.plant.limit_w == _limit_of(mask), 8000)  # noqa: B023
                await b.for_ms(_SECOND_MS)
                slowest_ms = max(slowest_ms, b.state.edge_to_write_ms)
                count += 1
                for number in range(1, 5):
                    b.contact(number, False)
        print(json.dumps({"edge_to_write_ms": slowest_ms, "edges": count}))

    _run(story, plant_poll_ms=60000, plant_slow_ms=600000)


def _still_ms(b):
    return time.ticks_diff(time.ticks_us(), b.plant_wire.heard[-1][0]) // 1000
