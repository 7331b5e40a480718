# heap: 2m
"""Reactive power that the contacts ask for, through the whole bridge: remote EMS entered, held and left."""

import os

import flow
from store import record

SETTINGS = {
    "grid_table": "own",
    "grid_rows": "1000 c-0.95; 0100 q25; 0010 p60 c0.9",
    "grid_reactive": True,
    "plant_reactive": True,
    "limit_export_w": 4000,
    "limit_fuse_a": 35,
}
OWN = (0, 2, 1000, 0)  # 40029, 40031, 40007, 40006 of a plant in its own mode


def remote(b):
    """Return enable, mode, power factor and share that the plant holds."""
    held = b.plant.holding
    return held[40029], held[40031], held[40007], held[40006]


def written(b):
    """Return the registers that were written, the limit's not among them."""
    return [address for _, address, _ in b.plant.written if address != 40042]


def test_a_row_s_power_factor_is_held_in_remote_ems_and_the_plant_is_in_its_former_mode_afterwards():
    """The target of active power is written first and the enable last; the record stands before the first of them.

    Proves: DRM-1, DRM-3, PLA-2+
    """

    async def story(b):
        await b.until(lambda: b.state.inputs_settled and b.state.rated_w, 5000)
        await b.for_ms(3000)
        assert written(b) == [] and remote(b) == OWN
        b.contact(1, True)
        await b.until(lambda: written(b), 6000)
        assert record.load(b.root + "/data/orders") == {"owed": [], "former": [0, 2], "unit": 247}
        await b.until(lambda: b.state.orders == "cos phi -0.950: held", 15000)
        assert written(b)[:4] == [40001, 40007, 40031, 40029]
        assert remote(b) == (1, 0, -950, 0) and b.value("plant_ems_mode") == 7
        b.contact(1, False)
        b.contact(2, True)
        await b.until(lambda: b.state.orders == "Q/S 25 %: held", 15000)
        assert remote(b)[3] == 2500 and abs(b.house.share_pct - 25) < 0.01
        b.contact(2, False)
        await b.until(lambda: remote(b) == OWN, 15000)
        await b.until(lambda: record.load(b.root + "/data/orders") == {"owed": []}, 10000)
        await b.until(lambda: b.state.orders == "" and not b.state.orders_owed, 1000)
        assert b.plant.too_fast == 0

    flow.Bridge("rp2040", settings=SETTINGS).run(story)


def test_the_house_is_served_meanwhile_as_the_plant_would_do_it():
    """Battery, surplus and a load that comes and goes: over a minute after each the grid sees nearly nothing.

    Proves: PLA-2+
    """

    async def grid_w(b, seconds):
        total = 0
        for _ in range(seconds):
            await b.for_ms(1000)
            total += b.house.grid_w
        return total / seconds

    async def story(b):
        b.house.pv_set_w, b.house.load_set_w = 1500, 800
        b.contact(1, True)
        await b.until(lambda: "held" in b.state.orders, 20000)
        assert abs(await grid_w(b, 60)) < 80
        b.house.load_set_w = 3300  # more than the sun: the battery helps
        await b.for_ms(10000)
        assert abs(await grid_w(b, 60)) < 80 and b.house.charge_w < -1500
        b.house.load_set_w = 400
        await b.for_ms(10000)
        assert abs(await grid_w(b, 60)) < 80 and b.house.charge_w > 900
        b.house.stored_wh = b.house.capacity_wh  # full: what nobody takes flows out, up to the limit
        b.house.pv_set_w = 3000
        await b.for_ms(90000)  # it is searched for: three quarters of what the sun leaves, with the searches in it
        assert await grid_w(b, 60) < -1950
        b.house.pv_set_w = 5800
        await b.for_ms(90000)
        assert -3601 < await grid_w(b, 60) < -2700  # 40042 holds what the limit of export says, at the plant
        b.house.pv_set_w = 0
        b.house.stored_wh = 0  # empty at night: the grid feeds the house
        await b.for_ms(15000)
        assert 350 < await grid_w(b, 60) < 450 and b.house.charge_w < 1
        assert b.plant.too_fast == 0 and b.state.orders == "cos phi -0.950: held"

    flow.Bridge("rp2040", settings=SETTINGS).run(story)


def test_it_is_left_where_the_bridge_cannot_serve_the_house_and_entered_anew_when_all_was_well_for_a_while():
    """A silent sensor, then a plant that goes off-grid.

    Proves: PLA-2+
    """

    async def story(b):
        b.contact(1, True)
        await b.until(lambda: "held" in b.state.orders, 20000)
        b.meter.silent = True
        await b.until(lambda: remote(b) == OWN, 20000)
        assert b.state.orders == "cos phi -0.950: not commanded, the power sensor is not heard"
        b.meter.silent = False
        await b.until(lambda: "waiting until all has been well" in b.state.orders, 10000)
        await b.until(lambda: "held" in b.state.orders, 50000)
        b.plant.go_off_grid(1)
        await b.until(lambda: remote(b) == OWN, 20000)
        assert b.state.orders == "cos phi -0.950: not commanded, the plant is off-grid"

    flow.Bridge("rp2040", settings=SETTINGS).run(story)


def test_what_a_crash_left_is_put_back_and_another_ems_is_left_alone():
    """Proves: PLA-2+"""

    async def owing(b):
        b.plant.holding.update({40029: 1, 40031: 0, 40007: -950})
        await b.until(lambda: remote(b) == OWN, 20000)
        await b.until(lambda: record.load(b.root + "/data/orders") == {"owed": []}, 20000)

    after = flow.Bridge("rp2040")
    record.save(after.root + "/data/orders", {"owed": [], "former": [0, 2]})
    after.run(owing)

    async def foreign(b):
        b.plant.holding.update({40029: 1, 40031: 2})
        b.contact(1, True)
        await b.until(lambda: "refused" in b.state.orders, 20000)
        assert b.state.orders == "cos phi -0.950: refused another EMS holds the plant's remote control"
        await b.for_ms(30000)
        assert written(b) == [] and remote(b) == (1, 2, 1000, 0)
        b.plant.holding[40029] = 0
        await b.until(lambda: b.state.orders == "cos phi -0.950: held", 60000)

    flow.Bridge("rp2040", settings=SETTINGS).run(foreign)


def test_a_plant_that_starts_anew_or_is_taken_over_is_told_again_and_a_grid_signal_goes_first():
    """Proves: PLA-2+, PLA-3+"""

    async def story(b):
        b.contact(1, True)
        await b.until(lambda: "held" in b.state.orders, 20000)
        b.plant.reboot(3000)
        await b.until(lambda: remote(b) == OWN, 2000)
        await b.until(lambda: "held" not in b.state.orders, 20000)
        await b.until(lambda: remote(b)[:3] == (1, 0, -950), 60000)
        await b.until(lambda: "held" in b.state.orders, 30000)
        b.plant.write(40031, b"\x00\x02", 0, 1)  # another one
        await b.until(lambda: b.state.orders == "cos phi -0.950: overruled the plant holds 2 at 40031", 20000)
        await b.until(lambda: "held" in b.state.orders, 20000)
        b.contact(1, False)
        b.contact(3, True)
        await b.until(lambda: b.plant.limit_w == 3600, 2500)
        await b.until(lambda: b.state.orders == "cos phi 0.900: held", 20000)
        assert b.house.output_w <= 3601 and b.plant.too_fast == 0

    flow.Bridge("rp2040", settings=SETTINGS).run(story)


def test_it_is_refused_at_the_setting_without_the_limits_that_the_plant_s_own_mode_keeps():
    """Proves: PLA-2+"""

    async def story(b):
        refused = b.settings.apply({"plant_reactive": True})
        assert refused[0][0] == "plant_reactive" and "limit_export_w and limit_fuse_a must limit" in refused[0][1]
        assert b.settings.apply({"plant_reactive": True, "limit_export_w": 5000, "limit_fuse_a": 35}) == []
        assert b.settings.apply({"limit_fuse_a": -1})[0][0] == "limit_fuse_a"
        assert b.settings.plant_reactive and b.settings.limit_fuse_a == 35

    flow.Bridge("rp2040").run(story)


def test_nothing_is_written_before_what_is_to_be_undone_stands_in_its_record():
    """Proves: PLA-2+"""

    async def story(b):
        await b.until(lambda: b.state.inputs_settled and b.state.rated_w, 5000)
        in_the_way = b.root + "/data/orders.new", b.root + "/orders.new"
        for folder in in_the_way:
            os.mkdir(folder)
        b.contact(1, True)
        await b.for_ms(30000)
        assert written(b) == [] and remote(b) == OWN
        for folder in in_the_way:
            os.rmdir(folder)
        await b.until(lambda: b.state.orders == "cos phi -0.950: held", 30000)

    flow.Bridge("rp2040", settings=SETTINGS).run(story)
