"""The house: everything adds up at every moment."""

import pytest
from bridgectl.site.house import House
from hypothesis import given
from hypothesis import strategies as st


@given(
    hour=st.floats(0, 23.9),
    soc=st.floats(0, 100),
    sun_w=st.none() | st.floats(0, 9000),
    load_w=st.none() | st.floats(0, 12000),
    limit_w=st.none() | st.integers(0, 6000),
    off_grid=st.booleans(),
    running=st.booleans(),
    dt_s=st.floats(0.1, 3600),
)
def test_powers_add_up_in_every_situation(hour, soc, sun_w, load_w, limit_w, off_grid, running, dt_s):
    h = House(hour=hour, soc_pct=soc)
    h.pv_set_w, h.load_set_w, h.export_limit_w, h.off_grid, h.running = sun_w, load_w, limit_w, off_grid, running
    import_wh, export_wh = h.import_wh, h.export_wh
    h.step(dt_s)
    grid_w = 0 if off_grid else h.load_w + h.charge_w - h.pv_w
    assert h.grid_w == pytest.approx(grid_w, abs=0.01)
    assert h.pv_w >= -0.001
    assert 0 <= h.soc_pct <= 100
    assert h.output_w <= h.max_power_w + 0.01
    if limit_w is not None:
        assert h.output_w <= limit_w + 0.01
    assert h.import_wh >= import_wh and h.export_wh >= export_wh


def test_energies_are_the_integral_of_the_powers():
    h = House()
    h.pv_set_w, h.load_set_w, h.charge_max_w, h.discharge_max_w = 0, 3000, 0, 0
    before_wh = h.import_wh
    h.step(1800)
    assert h.import_wh - before_wh == pytest.approx(1500)


def test_the_battery_takes_the_surplus_and_covers_the_night():
    h = House(soc_pct=50)
    h.pv_set_w, h.load_set_w = 3000, 500
    h.step(1)
    assert (h.charge_w, h.grid_w) == (2500, 0)
    h.pv_set_w = 0
    h.step(1)
    assert (h.charge_w, h.grid_w) == (-500, 0)


def test_a_limit_curtails_pv_only_when_the_battery_is_full():
    h = House(soc_pct=50)
    h.pv_set_w, h.load_set_w, h.export_limit_w = 5000, 400, 1800
    h.step(1)
    assert h.output_w == pytest.approx(400)
    assert h.curtailed_w == 0
    h.stored_wh = h.capacity_wh
    h.step(1)
    assert h.output_w == pytest.approx(1800)
    assert h.curtailed_w == pytest.approx(3200)


def test_the_same_seed_gives_the_same_day():
    days = []
    for seed in (1, 1, 2):
        h = House(seed=seed, hour=0)
        h.step(86400)
        days.append((h.pv_wh, h.load_wh, h.grid_v))
    assert days[0] == days[1] != days[2]


def test_at_night_there_is_no_sun_and_at_noon_there_is():
    night, noon = House(hour=2), House(hour=13)
    night.step(60)
    noon.step(60)
    assert night.pv_w == 0
    assert noon.pv_w > 3000
