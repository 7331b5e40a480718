# heap: 4m
"""What a limit meets at plants as they are, through the whole bridge; the values at the plant are what counts."""

import time

import flow


def _ripple(**more):
    return flow.Bridge("rp2040", settings=dict({"grid_table": "ripple"}, **more))


async def _held(b, within_ms=10000):
    await b.until(lambda: b.state.plant_limit_state == "held", within_ms)


def test_between_two_relays_no_release_goes_out():
    """DI3 opens, DI2 closes 60 ms later, in several phases of the polls. Proves: DRM-2+"""

    async def story(b):
        for phase in range(6):
            b.contact(3, True)
            await b.until(lambda: b.plant.limit_w == 1800, 5000)
            await b.for_ms(3000 + 397 * phase)
            b.plant.written.clear()
            b.contact(3, False)
            await b.for_ms(60)
            b.contact(2, True)
            await b.until(lambda: b.plant.limit_w == 3600, 5000)
            assert [value for _, _, value in b.plant.written] == [3600]
            b.contact(2, False)
            await b.until(lambda: b.plant.limit_w is None, 5000)

    _ripple().run(story)


def test_a_plant_that_takes_the_limit_back_holds_it_nearly_always_and_is_told_the_truth_of():
    """Proves: PLA-2+"""

    async def story(b):
        b.contact(2, True)
        await _held(b)
        b.plant.takes_back_ms, b.plant.takes_back_w = 11000, 5500
        held = lied = 0
        for _ in range(600):
            await b.for_ms(500)
            held += b.plant.limit_w == 3600
            lied += b.plant.limit_w != 3600 and b.state.plant_limit_state == "held"
        assert held > 540 and lied < 20, (held, lied)
        assert "overruled" in b.state.plant_limit_text

    _ripple().run(story)


def test_a_plant_that_clamps_is_written_ever_more_seldom_and_its_values_stay_good():
    """Proves: PLA-2+, PLA-3+"""

    async def story(b):
        b.plant.least_w = 2500
        writes = []
        take = b.plant.write

        def write(*request):
            writes.append(1)
            return take(*request)

        b.plant.write = write
        b.contact(3, True)
        await b.for_ms(300000)
        assert len(writes) < 15 and b.value("plant_soc") is not None, len(writes)
        assert b.state.plant_limit_state == "overruled"
        assert b.state.plant_limit_text.startswith("the plant holds 2500 W")

    _ripple().run(story)


def test_a_start_with_a_closed_contact_waits_for_the_rated_power_and_says_so():
    """Proves: PLA-2+, DRM-2+"""

    async def story(b):
        b.contact(3, True)
        await b.until(lambda: b.state.plant_limit_state == "wanted", 3000)
        assert b.state.plant_limit_text == "the plant's rated power is not known yet"
        await _held(b)
        assert [value for _, _, value in b.plant.written] == [1800]

    _ripple().run(story)


def test_while_the_rated_power_is_waited_for_what_held_before_is_not_told_of_what_is_wanted():
    """Proves: PLA-2+, DRM-2+"""

    async def story(b):
        await _held(b)  # the release
        b.contact(3, True)
        await b.until(lambda: b.state.limit_pct == 30, 1000)
        told = {}
        for _ in range(90):
            await b.for_ms(100)
            told[b.state.plant_limit_state, b.state.plant_limit_text] = b.plant.limit_w
        assert told == {("wanted", "the plant's rated power is not known yet"): None}
        await b.until(lambda: b.plant.limit_w == 0, 4000)
        await b.until(lambda: b.state.plant_limit_state == "held", 4000)
        assert b.state.plant_limit_text == "the plant's rated power is not known, so 0 W is commanded"

    bridge = _ripple()
    bridge.house.max_power_w = 0
    bridge.run(story)


def test_a_limit_in_force_is_watched_however_seldom_the_plant_is_polled():
    """A restart of 1.5 s lies between two polls, and in each phase of what is read back. Proves: PLA-2+, DRM-2+"""

    async def story(b):
        b.contact(2, True)
        await _held(b, 90000)
        for phase in range(5):
            await b.for_ms(30000 + 1100 * phase)
            b.plant.reboot(1500)
            assert b.plant.limit_w is None
            await b.until(lambda: b.plant.limit_w == 3600, 7100)  # the next look in 5 s, one lost, the write
            await _held(b)

    _ripple(plant_poll_ms=60000).run(story)


def test_a_rated_power_that_reads_nothing_is_no_rated_power():
    """Proves: PLA-2+"""

    async def story(b):
        b.contact(2, True)
        await _held(b)
        b.house.max_power_w = 0
        await b.for_ms(10000)
        assert b.plant.limit_w == 3600

    _ripple().run(story)


def test_a_suspect_value_moves_no_limit():
    """The plant says 5 GW: the limit in force stays, and the next one is a share of what was known before.

    Proves: SEN-4+, PLA-2+
    """

    async def story(b):
        b.contact(2, True)
        await _held(b)
        b.house.max_power_w = 4294967294
        await b.until(lambda: b.quality("plant_max_power") == "suspect", 10000)
        await b.for_ms(3000)
        assert (b.plant.limit_w, b.value("plant_max_power")) == (3600, None)
        b.contact(3, True)
        await b.until(lambda: b.plant.limit_w == 1800, 5000)

    _ripple().run(story)


def test_a_stale_value_moves_no_limit():
    """A plant that was away for a minute takes the share of its rated power, although that is an old one by then.

    Proves: SEN-4+, PLA-2+
    """

    async def story(b):
        await _held(b)
        b.plant.silent = True
        await b.until(lambda: b.quality("plant_max_power") == "stale", 90000)
        b.contact(2, True)
        await b.for_ms(2000)
        assert b.state.plant_limit_state in ("wanted", "unreachable")
        b.plant.silent = False
        await b.until(lambda: b.plant.limit_w == 3600, 60000)
        assert [value for _, _, value in b.plant.written if value != 0xFFFFFFFF] == [3600]

    _ripple().run(story)


def test_a_plant_without_a_rated_power_gets_nothing_and_the_words_say_why():
    """Proves: PLA-2+"""

    async def story(b):
        b.house.max_power_w = 0
        b.contact(2, True)
        await b.until(lambda: b.plant.limit_w == 0, 20000)
        await _held(b)
        assert b.state.plant_limit_text == "the plant's rated power is not known, so 0 W is commanded"
        assert (b.state.limit_pct, b.state.plant_limit_w) == (60, 0)

    _ripple().run(story)


def test_a_large_plant_gets_its_share():
    """Proves: PLA-2+"""

    async def story(b):
        b.house.max_power_w = 250000
        b.contact(2, True)
        await b.until(lambda: b.plant.limit_w == 150000, 10000)

    _ripple().run(story)


def test_what_was_commanded_is_released_after_a_restart_without_scheduling():
    """Proves: PLA-2+"""
    from store import record

    b = _ripple(grid_table="off")
    b.plant.holding[40042] = 1800
    record.save(b.root + "/data/limit", {"owed": True, "rated_w": 6000})

    async def story(b):
        await b.until(lambda: b.plant.limit_w is None, 8000)
        await b.until(lambda: b.state.plant_limit_state == "idle", 8000)
        assert record.load(b.root + "/data/limit") == {"owed": False, "rated_w": 6000}
        assert [value for _, _, value in b.plant.written] == [0xFFFFFFFF]

    b.run(story)


def _released_after_a_power_cut(role):
    from store import record

    b = _ripple(rs485_1_role=role)
    b.plant.holding[40042] = 1800
    record.save(b.root + "/data/limit", {"owed": True, "rated_w": 6000})

    async def story(b):
        await b.for_ms(300)
        assert b.plant.limit_w == 1800  # what stands there stands until the contacts are known
        await b.until(lambda: b.plant.limit_w is None, 8000)
        await _held(b)
        assert [value for _, _, value in b.plant.written] == [0xFFFFFFFF]

    b.run(story)


def test_a_contact_that_opened_while_the_power_was_away_frees_the_plant():
    """Proves: PLA-2+"""
    _released_after_a_power_cut("master")


def test_the_same_holds_when_the_role_has_changed_to_gateway():
    """Proves: PLA-2+"""
    _released_after_a_power_cut("gateway")


def test_a_lost_write_costs_a_second():
    """Proves: PLA-2+, DRM-2+"""

    async def story(b):
        await _held(b)
        old, left = b.plant.answer, [1]

        def answer(frame):
            if left[0] and frame[1] == 16:
                left[0] = 0
                return None
            return old(frame)

        b.plant.answer = answer
        b.contact(4, True)
        began = time.passed_ms()
        await b.until(lambda: b.plant.limit_w == 0, 10000)
        assert time.passed_ms() - began < 3300, time.passed_ms() - began
        assert b.plant.too_fast == 0

    _ripple().run(story)


def test_the_plants_second_is_kept_when_the_port_is_made_anew():
    """Proves: PLA-1+"""

    async def story(b):
        for k in range(6):
            await b.for_ms(2300 + 170 * k)
            b.settings.apply({"plant_poll_ms": 2100 + k})
        await b.for_ms(3000)
        assert b.plant.shortest_period_ms >= 1000

    _ripple().run(story)


def test_an_output_whose_safe_state_is_closed_does_not_open_during_a_start():
    """Proves: COM-1, COM-2"""

    async def story(b):
        await b.for_ms(5000)
        levels = [edge[1] for edge in b.machine.Pin.edges(18)]
        assert b.state.outputs == 1 and levels[-1] == 1 and 0 not in levels[levels.index(1) :], levels

    flow.Bridge("rp2040", settings={"do_safe_mask": 1}).run(story)
