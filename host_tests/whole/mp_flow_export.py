# heap: 2m
"""Export held at the grid connection, through the whole bridge: the simulated sensor and plant, a full battery, loads that come
and go."""

import flow

ZERO = {"limit_export_w": 0, "export_at": "grid"}


def full(b, sun_w, load_w, sensor=0):
    """Fill the battery and set sun and load. sensor: the plant has one at the grid and can hold export itself."""
    b.plant.grid_sensor = sensor
    b.house.charge_max_w = b.house.discharge_max_w = 0
    b.house.pv_set_w, b.house.load_set_w = sun_w, load_w


async def most_exported(b, for_ms):
    """Return the most W that flowed out in a time."""
    most_w = 0
    for _ in range(for_ms // 100):
        await b.for_ms(100)
        most_w = max(most_w, -b.house.grid_w)
    return most_w


def test_the_house_is_fed_and_nothing_flows_out_once_a_load_has_gone():
    """Proves: CTL-1"""

    async def story(b):
        full(b, 5500, 3000)
        await b.until(lambda: b.state.export_w == 0 and -60 < b.house.grid_w < 400, 40000)
        assert b.state.limit_reason == "export limit 0 W at the grid"
        assert await most_exported(b, 20000) < 60
        assert b.house.output_w > 2600
        b.house.load_set_w = 800
        await b.for_ms(6000)
        assert await most_exported(b, 30000) < 60
        b.house.load_set_w = 4000
        await b.until(lambda: -60 < b.house.grid_w < 400, 20000)
        assert b.plant.too_fast == 0 and b.state.plant_limit_state in ("held", "written", "wanted")

    flow.Bridge("rp2040", settings=ZERO).run(story)


def test_a_sensor_that_falls_silent_leaves_the_plant_what_may_be_exported_within_five_seconds():
    """Proves: CTL-1"""

    async def story(b):
        full(b, 5500, 3000)
        await b.until(lambda: b.house.output_w > 2600, 40000)
        b.meter.silent = True
        await b.until(lambda: b.plant.limit_w == 0, 7000)
        b.meter.silent = False
        await b.until(lambda: b.house.output_w > 2600, 60000)

    flow.Bridge("rp2040", settings=ZERO).run(story)


def test_off_grid_the_house_is_not_starved_and_a_stricter_limit_holds():
    """Proves: CTL-1, CTL-2+"""

    async def story(b):
        full(b, 5500, 3000)
        await b.until(lambda: b.house.output_w > 2600, 40000)
        b.state.ems_asked = ((0, 1000, None),)
        await b.until(lambda: b.plant.limit_w == 1000, 5000)
        b.state.ems_asked = ((0, None, None),)
        b.plant.go_off_grid(1)
        await b.until(lambda: b.plant.limit_w is None or b.plant.limit_w > 6000, 15000)
        await b.until(lambda: b.house.output_w > 2900, 1000)
        b.plant.go_off_grid(0)
        b.settings.apply({"export_at": "plant"})
        await b.until(lambda: b.plant.limit_w == 0, 6000)  # as if all were exported

    flow.Bridge("rp2040", settings=ZERO).run(story)


def test_a_plant_with_its_own_sensor_holds_it_itself_and_its_cap_is_free():
    """Proves: CTL-1, PLA-2+"""

    async def story(b):
        full(b, 5500, 3000, sensor=1)
        await b.until(lambda: b.plant.holding[40038] == 0 and b.plant.limit_w == 5000000, 60000)
        await b.until(lambda: b.state.orders == "export at the grid 0 W: held", 20000)
        await b.until(lambda: abs(b.house.grid_w) < 20, 10000)
        b.house.load_set_w = 800
        await b.for_ms(1000)
        assert await most_exported(b, 30000) < 20
        b.plant.reboot(3000)
        await b.until(lambda: b.plant.holding[40038] == 0, 60000)
        b.settings.apply({"export_at": "plant"})
        await b.until(lambda: b.plant.holding[40038] == 0xFFFFFFFF and b.plant.limit_w == 0, 20000)
        assert b.plant.too_fast == 0

    flow.Bridge("rp2040", settings=ZERO).run(story)


def test_a_plant_that_says_it_holds_it_and_does_not_is_held_by_the_bridge():
    """Proves: CTL-1, PLA-2+"""

    async def story(b):
        full(b, 5500, 3000, sensor=1)
        await b.until(lambda: b.plant.limit_w == 5000000, 60000)
        b.plant.leaks = True
        b.plant._act()
        b.house.load_set_w = 800
        await b.until(lambda: b.plant.limit_w == 0, 10000)  # five seconds, and a write
        await b.until(lambda: b.house.output_w > 600, 20000)
        assert await most_exported(b, 30000) < 60

    flow.Bridge("rp2040", settings=ZERO).run(story)


def test_a_firmware_without_that_register_is_held_by_the_bridge():
    """Proves: CTL-1, PLA-1+"""

    async def story(b):
        full(b, 5500, 3000, sensor=1)
        await b.until(lambda: "export at the grid 0 W: refused" in b.state.orders, 20000)
        # V2.4 has no cap either: what cannot be commanded is said.
        assert b.state.plant_limit_state == "refused"

    flow.Bridge("rp2040", settings=ZERO, generation=24).run(story)
