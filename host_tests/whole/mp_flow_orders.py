# heap: 2m
"""What is commanded at the plant beside its power, through the whole bridge: import limits, stop and start."""

import flow
from store import record

IMPORT = {"grid_table": "fnn", "plant_import": True}
STOP = {"grid_table": "drm", "grid_drm": "0567", "plant_disconnect": True}
NONE = 0xFFFFFFFF


def imports(b):
    """Return what the plant holds at the grid and at the inverter."""
    return b.plant.holding[40040], b.plant.holding[40044]


def test_an_import_limit_stands_at_grid_and_inverter_while_a_contact_dims_and_goes_with_it():
    """Proves: CTL-2+, PLA-2+"""

    async def story(b):
        await b.until(lambda: b.state.inputs_settled, 3000)
        await b.for_ms(5000)
        assert [address for _, address, _ in b.plant.written if address != 40042] == []
        b.contact(4, True)
        await b.until(lambda: imports(b) == (4200, 4200), 6000)
        held = "import at the grid 4200 W: held; import of the inverter 4200 W: held"
        await b.until(lambda: b.state.orders == held, 10000)
        assert record.load(b.root + "/data/orders") == {"owed": [40040, 40044], "unit": 247}
        b.state.ems_asked = ((2, 1000, None),)
        await b.until(lambda: imports(b) == (1000, 1000), 6000)
        b.state.ems_asked = ((2, None, None),)
        await b.until(lambda: imports(b) == (4200, 4200), 6000)
        b.contact(4, False)
        await b.until(lambda: imports(b) == (NONE, NONE), 6000)
        await b.until(lambda: b.state.orders == "", 6000)
        assert record.load(b.root + "/data/orders") == {"owed": []}
        assert b.plant.too_fast == 0

    flow.Bridge("rp2040", settings=IMPORT).run(story)


def test_a_plant_that_lets_the_import_limit_go_is_written_again_and_a_grid_signal_goes_first():
    """Proves: PLA-2+, PLA-3+"""

    async def story(b):
        b.contact(4, True)
        await b.until(lambda: "held" in b.state.orders and imports(b) == (4200, 4200), 15000)
        b.plant.reboot(3000)
        await b.until(lambda: imports(b) == (4200, 4200), 60000)
        b.contact(3, True)
        await b.until(lambda: b.plant.limit_w == 0, 2500)

    flow.Bridge("rp2040", settings=IMPORT).run(story)


def test_a_firmware_without_import_limits_says_so_and_owes_nothing_and_a_plant_without_sensor_too():
    """Proves: PLA-1+, PLA-2+"""

    async def story(b):
        b.contact(4, True)
        await b.until(lambda: b.state.orders.count("refused") == 2, 15000)
        b.contact(4, False)
        await b.until(lambda: b.state.orders == "" and not b.state.orders_owed, 70000)

    flow.Bridge("rp2040", settings=IMPORT, generation=24).run(story)

    async def blind(b):
        b.plant.grid_sensor = 0
        b.contact(4, True)
        await b.until(lambda: b.state.orders.count("held") == 2, 15000)
        assert b.state.orders.startswith("import at the grid 4200 W: held, without effect: the plant has no sensor")

    flow.Bridge("rp2040", settings=IMPORT).run(blind)


def test_what_was_commanded_before_a_crash_is_released_though_nobody_wants_it_any_more():
    """Proves: PLA-2+"""

    async def story(b):
        record.save(b.root + "/data/orders", {"owed": [40044]})
        b.plant.holding[40040] = b.plant.holding[40044] = 900
        await b.for_ms(20000)
        assert imports(b) == (900, 900)  # this start knew of nothing

    flow.Bridge("rp2040").run(story)

    async def owing(b):
        b.plant.holding[40040] = b.plant.holding[40044] = 900
        await b.until(lambda: b.state.orders_owed is False, 30000)
        assert imports(b) == (900, NONE)  # what stands at 40040 is another one's
        assert record.load(b.root + "/data/orders") == {"owed": []}

    after = flow.Bridge("rp2040")
    record.save(after.root + "/data/orders", {"owed": [40044]})
    after.run(owing)


def test_a_row_that_disconnects_stops_the_plant_and_starts_it_again_only_what_the_bridge_stopped():
    """Proves: DRM-1, PLA-2+"""

    async def story(b):
        await b.until(lambda: b.value("plant_running_state") == 1, 10000)
        b.contact(1, True)
        await b.until(lambda: b.plant.holding[40000] == 0, 4000)
        await b.until(lambda: b.state.orders == "plant stopped: held", 15000)
        assert b.plant.limit_w == 0
        b.contact(1, False)
        await b.until(lambda: b.plant.holding[40000] == 1, 6000)
        await b.until(lambda: b.state.orders == "", 20000)
        b.plant.write(40000, b"\x00\x00", 0, 1)  # somebody else stops it
        await b.for_ms(30000)
        assert b.plant.holding[40000] == 0
        b.contact(2, True)  # 0 % is no row that disconnects
        await b.until(lambda: b.plant.limit_w == 0, 4000)
        assert b.state.orders == "" and b.plant.too_fast == 0

    flow.Bridge("rp2040", settings=STOP).run(story)
