# heap: 4m
"""A limit stands, and the plant is another unit from now on: none keeps what the bridge commanded there."""

import flow
from bridgectl.site.house import House
from bridgectl.site.plant import Plant
from store import record

_NONE = 0xFFFFFFFF


class Two:
    """Two plants on one line: unit 247 of 6 kW and unit 5 of 10 kW; each writes down what it was given."""

    def __init__(self, b):
        house = House()
        house.max_power_w = 10000
        self.first, self.second = b.plant, Plant(house, unit=5)
        old = self.first.answer
        b.plant.answer = lambda frame: old(frame) or self.second.answer(frame)


def _bridge(**more):
    b = flow.Bridge("rp2040", settings=dict({"grid_table": "ripple"}, **more))
    b.two = Two(b)
    return b


def _limit(b):
    return record.load(b.root + "/data/limit")


def test_another_unit_takes_the_limit_and_the_one_before_is_released():
    """The second one's share is of its own rated power, and nothing else was ever written to it. Proves: PLA-2+"""
    b = _bridge()

    async def story(b):
        b.contact(2, True)
        await b.until(lambda: b.two.first.limit_w == 3600, 10000)
        await b.until(lambda: _limit(b) == {"owed": True, "rated_w": 6000, "unit": 247}, 2000)
        assert b.settings.apply({"plant_unit": 5}) == []
        await b.until(lambda: "unit 247 may hold a limit of before" in b.state.plant_limit_text, 5000)
        await b.until(lambda: b.two.second.limit_w == 6000, 10000)
        await b.until(lambda: b.two.first.limit_w is None, 10000)
        await b.until(lambda: b.state.plant_limit_state == "held" and b.state.plant_limit_text == "", 10000)
        await b.for_ms(3000)
        assert [value for _, _, value in b.two.second.written] == [6000]
        assert _limit(b) == {"owed": True, "rated_w": 10000, "unit": 5}
        b.contact(2, False)
        await b.until(lambda: b.two.second.limit_w is None, 10000)
        assert b.two.first.too_fast == b.two.second.too_fast == 0

    b.run(story)


def test_what_the_plant_before_said_is_not_the_other_ones():
    """Proves: SEN-4+"""
    b = _bridge()

    async def story(b):
        await b.until(lambda: b.value("plant_max_power") == 6000, 10000)
        b.two.second.silent = True
        b.settings.apply({"plant_unit": 5})
        await b.until(lambda: b.quality("plant_max_power") == "never", 2000)
        assert b.quality("plant_soc") == "never"
        await b.for_ms(5000)
        assert b.state.plant_link != "ok" and b.state.rated_w == 0

    b.run(story)


def test_a_unit_that_is_away_when_it_is_left_is_released_when_it_is_back_also_after_a_restart():
    """Proves: PLA-2+, REL-1+"""
    b = _bridge(grid_table="off", plant_unit=5)
    b.plant.holding[40042] = 1800
    b.two.first.silent = True
    record.save(b.root + "/data/limit", {"owed": True, "rated_w": 6000, "unit": 247})

    async def story(b):
        await b.for_ms(60000)
        assert b.two.first.limit_w == 1800
        assert b.state.plant_limit_text == "unit 247 may hold a limit of before, and is being released"
        assert b.state.plant_limit_state == "idle" and b.state.plant_link == "ok"
        assert _limit(b)["left"] == [247] and _limit(b)["owed"] is False
        b.two.first.silent = False
        await b.until(lambda: b.two.first.limit_w is None, 60000)
        await b.until(lambda: _limit(b) == {"owed": False, "rated_w": 10000}, 60000)
        assert b.state.plant_limit_text == "" and b.two.second.written == []

    b.run(story)


def test_what_was_left_is_remembered_over_the_next_restart_too():
    """Proves: PLA-2+"""
    b = _bridge(plant_unit=5)
    b.plant.holding[40042] = 1800
    record.save(b.root + "/data/limit", {"owed": False, "rated_w": 10000, "left": [247]})

    async def story(b):
        await b.until(lambda: b.two.first.limit_w is None, 20000)
        await b.until(lambda: "left" not in _limit(b), 10000)

    b.run(story)


def test_a_unit_that_never_answered_holds_nothing():
    """A unit that was typed wrong leaves no trace when it is put right. Proves: PLA-2+"""
    b = _bridge(plant_unit=9)

    async def story(b):
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "unreachable", 60000)
        b.settings.apply({"plant_unit": 247})
        await b.until(lambda: b.two.first.limit_w == 3600, 20000)
        await b.until(lambda: b.state.plant_limit_state == "held", 10000)
        assert b.state.plant_limit_text == ""
        assert _limit(b) == {"owed": True, "rated_w": 6000, "unit": 247}

    b.run(story)


def test_a_unit_that_refuses_the_release_is_done_with():
    """It has no such register, so it holds no limit. Proves: PLA-2+"""
    b = _bridge(plant_unit=5)
    b.two.first.generation = 20
    record.save(b.root + "/data/limit", {"owed": True, "rated_w": 6000, "unit": 247})

    async def story(b):
        await b.until(lambda: _limit(b).get("left") == [247], 10000)
        await b.until(lambda: "left" not in _limit(b), 10000)

    b.run(story)


def test_the_unit_of_before_may_become_the_plant_again():
    """Nothing is released then that is wanted there. Proves: PLA-2+"""
    b = _bridge()

    async def story(b):
        b.contact(2, True)
        await b.until(lambda: b.state.plant_limit_state == "held", 10000)
        b.two.first.written.clear()
        b.settings.apply({"plant_unit": 5})
        await b.until(lambda: "unit 247" in b.state.plant_limit_text, 5000)
        b.settings.apply({"plant_unit": 247})
        await b.until(lambda: b.two.first.limit_w == 3600 and b.state.plant_limit_state == "held", 20000)
        await b.until(lambda: b.two.second.limit_w is None and b.state.plant_limit_text == "", 20000)
        await b.for_ms(5000)
        assert b.two.first.limit_w == 3600

    b.run(story)


def test_another_rate_takes_the_same_limit_up_again():
    """The plant is the same one: nothing is released, and held is said when its register was read. Proves: PLA-2+"""
    for change in ({"rs485_1_baud": 4800}, {"rs485_1_parity": "E"}):
        b = _bridge()

        async def story(b, change=change):
            b.contact(2, True)
            await b.until(lambda: b.state.plant_limit_state == "held", 10000)
            b.two.first.written.clear()
            b.settings.apply(change)
            await b.for_ms(2000)
            b.two.first.holding[40042] = 6000  # somebody else writes meanwhile
            await b.until(lambda: b.state.plant_limit_state != "held", 4000)
            await b.until(lambda: b.state.plant_limit_state == "held" and b.two.first.limit_w == 3600, 10000)
            assert _NONE not in [value for _, _, value in b.two.first.written]

        b.run(story)


def test_a_port_that_commands_no_more_keeps_the_limit_and_says_so():
    """Roles change with a restart; the record outlives it, and says at which unit. Proves: PLA-2+"""
    for role in ("listen", "server", "off"):
        b = _bridge(rs485_1_role=role, plant_unit=5)
        b.plant.holding[40042] = 1800
        record.save(b.root + "/data/limit", {"owed": True, "rated_w": 6000, "unit": 247})

        async def story(b):
            await b.for_ms(5000)
            assert b.state.plant_limit_state == "unreachable"
            assert b.state.plant_limit_text.startswith("RS485-1 does not command the plant")
            assert b.two.first.limit_w == 1800 and _limit(b)["unit"] == 247

        b.run(story)
