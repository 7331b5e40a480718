# heap: 4m
"""What was ordered at a plant beside its limit is released there, when the plant is another one from now on."""

import flow
from bridgectl.site.house import House
from bridgectl.site.plant import Plant
from network_door import with_door
from store import record

IMPORT = {"grid_table": "fnn", "plant_import": True}
STOP = {"grid_table": "drm", "grid_drm": "0567", "plant_disconnect": True}
REACTIVE = {
    "grid_table": "own",
    "grid_rows": "1000 c-0.95",
    "grid_reactive": True,
    "plant_reactive": True,
    "limit_export_w": 4000,
    "limit_fuse_a": 35,
}
OWN = (0, 2, 1000, 0)  # 40029, 40031, 40007, 40006 of a plant in its own mode
NONE = 0xFFFFFFFF


def _bridge(**settings):
    """A bridge with two plants on one line: unit 247, and unit 5, which is `second`."""
    b = flow.Bridge("rp2040", settings=settings)
    b.second = Plant(House(), unit=5)
    old = b.plant.answer
    b.plant_wire.slave.answer = lambda frame: old(frame) or b.second.answer(frame)
    return b


def _imports(plant):
    return plant.holding[40040], plant.holding[40044]


def _remote(plant):
    return tuple([plant.holding[register] for register in (40029, 40031, 40007, 40006)])


def _orders(b):
    return record.load(b.root + "/data/orders")


def test_import_limits_are_released_at_the_unit_that_is_left_and_held_at_the_other_one():
    """Proves: PLA-2+"""
    b = _bridge(**IMPORT)

    async def story(b):
        b.contact(4, True)
        await b.until(lambda: b.state.orders.count("held") == 2 and _imports(b.plant) == (4200, 4200), 15000)
        assert _orders(b) == {"owed": [40040, 40044], "unit": 247}
        assert b.settings.apply({"plant_unit": 5}) == []
        await b.until(lambda: "unit 247 may hold orders of before, and is being released" in b.state.orders, 5000)
        await b.until(lambda: _imports(b.plant) == (NONE, NONE), 20000)
        await b.until(lambda: _imports(b.second) == (4200, 4200), 20000)
        held = "import at the grid 4200 W: held; import of the inverter 4200 W: held"
        await b.until(lambda: b.state.orders == held, 20000)
        await b.until(lambda: _orders(b) == {"owed": [40040, 40044], "unit": 5}, 10000)
        b.contact(4, False)
        await b.until(lambda: _imports(b.second) == (NONE, NONE), 20000)
        assert _imports(b.plant) == (NONE, NONE) and b.plant.too_fast == b.second.too_fast == 0

    b.run(story)


def test_a_plant_that_was_stopped_is_started_when_it_is_left():
    """Proves: PLA-2+, DRM-1"""
    b = _bridge(**STOP)

    async def story(b):
        await b.until(lambda: b.value("plant_running_state") == 1, 10000)
        b.contact(1, True)
        await b.until(lambda: b.plant.holding[40000] == 0, 4000)
        await b.until(lambda: b.state.orders == "plant stopped: held", 15000)
        b.settings.apply({"plant_unit": 5})
        await b.until(lambda: b.plant.holding[40000] == 1 and b.plant.limit_w is None, 20000)
        await b.until(lambda: b.second.holding[40000] == 0, 20000)

    b.run(story)


def test_remote_ems_is_left_at_the_unit_where_it_was_entered():
    """Proves: PLA-2+"""
    b = _bridge(**REACTIVE)

    async def story(b):
        b.contact(1, True)
        await b.until(lambda: b.state.orders == "cos phi -0.950: held", 30000)
        assert _remote(b.plant) == (1, 0, -950, 0)
        assert _orders(b) == {"owed": [], "former": [0, 2], "unit": 247}
        b.settings.apply({"plant_unit": 5})
        await b.until(lambda: _remote(b.plant) == OWN, 60000)
        b.contact(1, False)
        await b.until(lambda: _orders(b) == {"owed": []}, 90000)
        assert _remote(b.second) == OWN

    b.run(story)


def test_after_a_restart_with_another_unit_set_it_is_released_where_it_was_ordered_and_nothing_is_written_elsewhere():
    """Nobody wants orders any more: the record alone brings it about. Proves: PLA-2+, REL-1+"""
    b = _bridge(grid_table="off", plant_unit=5)
    record.save(b.root + "/data/orders", {"owed": [40044, 40000], "former": [0, 2], "unit": 247})
    b.plant.holding[40044], b.plant.holding[40029] = 900, 1

    async def story(b):
        b.plant.silent = True
        await b.until(lambda: b.state.orders == "unit 247 may hold orders of before, and is being released", 20000)
        left = [[40044, 0xFFFF, 0xFFFF], [40000, 1], [40029, 0], [40006, 0], [40007, 1000], [40031, 2]]
        await b.until(lambda: _orders(b) == {"owed": [], "left": [[247, "", left]]}, 5000)
        await b.for_ms(60000)
        b.plant.silent = False
        await b.until(lambda: b.plant.holding[40044] == NONE and _remote(b.plant) == OWN, 90000)
        await b.until(lambda: _orders(b) == {"owed": []} and not b.state.orders_owed, 30000)
        assert b.second.written == [] and b.plant.holding[40000] == 1

    b.run(story)


def test_a_power_cut_amid_the_release_only_begins_it_again():
    """Proves: PLA-2+, REL-1+"""
    b = _bridge(grid_table="ripple", plant_unit=5)
    record.save(
        b.root + "/data/orders", {"owed": [], "left": [[247, "", [[40040, 0xFFFF, 0xFFFF], [40044, 0xFFFF, 0xFFFF]]]]}
    )
    b.plant.holding[40040], b.plant.holding[40044] = NONE, 900

    async def story(b):
        await b.until(lambda: _imports(b.plant) == (NONE, NONE), 30000)
        await b.until(lambda: _orders(b) == {"owed": []}, 10000)

    b.run(story)


def test_what_is_left_at_rs485_1_is_released_there_after_the_plant_went_to_the_house_network():
    """Proves: PLA-1+, PLA-2+"""

    async def story(b, door):
        old = Plant(House())
        old.holding[40042], old.holding[40044] = 1800, 900
        b.plant_wire.slave = old
        await b.until(lambda: old.limit_w is None and old.holding[40044] == NONE, 90000)
        await b.until(lambda: record.load(b.root + "/data/limit").get("left") is None, 30000)
        await b.until(lambda: _orders(b) == {"owed": []}, 30000)
        assert b.state.plant_link == "ok" and b.plant.written == [] and old.too_fast == 0

    with_door(
        story,
        records={
            "limit": {"owed": True, "rated_w": 6000, "unit": 247},
            "orders": {"owed": [40044], "unit": 247},
        },
        grid_table="off",
    )


def test_what_is_left_in_the_house_network_is_released_there_after_the_plant_went_to_rs485_1():
    """Proves: PLA-1+, PLA-2+"""

    async def story(b, door):
        b.plant_wire.slave = near = Plant(House())
        b.contact(2, True)
        await b.until(lambda: b.plant.limit_w == 3600 and b.state.plant_limit_state == "held", 30000)
        kept = {"owed": True, "rated_w": 6000, "unit": 247, "host": "192.0.2.7:1502"}
        await b.until(lambda: record.load(b.root + "/data/limit") == kept, 5000)
        assert b.settings.apply({"plant_host": ""}) == []
        await b.until(lambda: near.limit_w == 3600 and b.state.plant_limit_state == "held", 30000)
        assert (
            b.state.plant_limit_text == "unit 247 at 192.0.2.7:1502 may hold a limit of before, and is being released"
        )
        await b.for_ms(20000)
        assert b.plant.limit_w == 3600  # it may be the same plant: while there is a limit none is let go
        b.contact(2, False)
        await b.until(lambda: near.limit_w is None and b.plant.limit_w is None, 60000)
        await b.until(lambda: b.state.plant_limit_text == "", 10000)
        assert near.too_fast == b.plant.too_fast == 0

    with_door(story)
