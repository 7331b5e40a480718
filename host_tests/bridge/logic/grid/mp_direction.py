"""Whether a sensor is mounted backwards: simulated houses over hours, the plant polled every two seconds."""

from bridge.logic.grid import direction
from bridge.logic.grid.direction import BACKWARDS, RIGHT, UNKNOWN
from bridgectl.site.house import House

_POLL_S = 2


class Site:
    """A house, its sensor, and what the plant says a poll later. Hours pass until something is known."""

    def __init__(self, backwards=False, own_sensor=True, other_w=None, battery_w=4800, zero_export=False, hour=11.0):
        """other_w: function of the house that returns what another generator feeds."""
        self.house = house = House(hour=hour)
        house.charge_max_w = house.discharge_max_w = battery_w
        house.grid_export_limit_w = 0 if zero_export else None
        self.sign = -1 if backwards else 1
        self.plant_sign = 1
        self.own_sensor = own_sensor
        self.other_w = other_w
        self.watch = direction.Watch()
        self._seconds = 0
        self._late = (0, 0, 0)  # the plant shows what was a poll ago

    def hours(self, hours):
        """Let so many hours pass, or less if something is known; return what is."""
        return self.minutes(60 * hours)

    def minutes(self, minutes):
        """As hours."""
        house, watch = self.house, self.watch
        for _ in range(60 * minutes // _POLL_S):
            house.step(_POLL_S)
            self._seconds += _POLL_S
            grid_w = house.grid_w - (self.other_w(house) if self.other_w else 0)
            shown_w, pv_w, ess_w = self._late
            self._late = (self.plant_sign * grid_w if self.own_sensor else 0, house.pv_w, house.charge_w)
            known = watch.step(self.sign * grid_w, shown_w, pv_w, ess_w, self._seconds)
            if known != UNKNOWN:
                return known
        return UNKNOWN


def test_a_plant_with_a_grid_sensor_tells_within_hours():
    """Proves: SEN-5+"""
    for battery_w in (0, 1000, 4800):
        assert Site(battery_w=battery_w).hours(6) == RIGHT
        assert Site(backwards=True, battery_w=battery_w).hours(6) == BACKWARDS


def test_without_one_sun_and_night_together_tell_and_a_right_sensor_is_never_blamed():
    """Proves: SEN-5+"""
    site = Site(backwards=True, own_sensor=False, battery_w=0)
    assert site.hours(48) == BACKWARDS
    assert site.watch.plant[1] >= 5 and site.watch.dark[1] >= 5 and site.watch.plant[0] == site.watch.dark[0] == 0
    assert Site(own_sensor=False, battery_w=0).hours(24) == RIGHT


def test_a_house_that_exports_all_day_is_not_blamed():
    """Proves: SEN-5+"""
    for site in (
        Site(hour=9.0, battery_w=0, own_sensor=False),
        Site(hour=9.0, battery_w=0, own_sensor=False, other_w=lambda house: 3000),  # another inverter beside it
        Site(hour=21.0, battery_w=0, own_sensor=False, other_w=lambda house: 1500),  # an engine that runs all night
    ):
        site.house.load_set_w = 300
        assert site.hours(9) in (UNKNOWN, RIGHT)


def test_a_battery_that_reaches_its_end_is_no_proof():
    """A load of twice what the battery has left raises the sensor and the plant alike, each time."""
    site = Site(own_sensor=False, battery_w=2000, hour=20.0)
    site.house.pv_set_w = 0
    for _ in range(12):
        for load_w in (300, 4000):
            site.house.load_set_w = load_w
            site.minutes(5)
    assert site.watch.plant[1] >= 5 and site.watch.plant[0] == 0
    assert site.watch.known() != BACKWARDS


def test_a_plant_whose_own_sensor_is_the_wrong_one_leaves_it_open():
    site = Site(hour=9.0)
    site.plant_sign = -1
    site.house.pv_set_w = 0
    for power_w in (0, 3000) * 20:
        site.house.pv_set_w = power_w
        site.house.charge_max_w = site.house.discharge_max_w = 0
        site.minutes(1)
    assert site.watch.plant[0] >= 5 and site.watch.grid[1] >= 5
    assert site.watch.known() == UNKNOWN


def test_one_moment_proves_nothing_and_neither_does_what_moves_all_the_time():
    watch = direction.Watch()
    for n in range(600):
        power_w = (n * 733) % 5000  # never still for three polls
        assert watch.step(-power_w, power_w, 0, 4000, 2 * n) == UNKNOWN
    assert watch.grid == watch.plant == [0, 0]
    for n in range(600):
        assert watch.step(-4000, 4000, 0, 4000, 2000 + 2 * n) == UNKNOWN  # for ever the same
    assert watch.grid == [0, 0]


def test_a_gap_is_no_change():
    watch = direction.Watch()
    for n in range(40):
        for _ in range(5):
            watch.step(*((-3000, 3000) if n & 1 else (0, 0)), 0, 4000, 0)
        watch.lost()
    assert watch.grid == [0, 0] and watch.known() == UNKNOWN


def test_old_votes_fade():
    watch = direction.Watch()
    seconds = 0

    def change(times, sign):
        nonlocal seconds
        for n in range(times):
            for _ in range(4):
                seconds += 2
                watch.step(sign * 3000 * (n & 1), 3000 * (n & 1), 0, 4000, seconds)

    change(60, 1)
    assert watch.grid[0] > 50 and watch.known() == RIGHT
    change(400, -1)
    assert watch.grid[0] < 8 < watch.grid[1] and watch.known() != RIGHT


def test_the_words_say_why_and_what_next():
    """Proves: SEN-5+"""
    watch = direction.Watch()
    assert watch.words(False) == ""
    watch.grid = [0, 5]
    assert watch.words(False) == (
        "seems to be mounted backwards: the plant's own grid sensor changed the other way in 5 of 5 changes; "
        "turn its clamp or its wires round, or set sensor_inverted"
    )
    assert watch.words(True).endswith("; unset sensor_inverted")
    watch.grid, watch.plant, watch.dark = [0, 0], [0, 5], [0, 5]
    assert "shows export in the dark while the plant gives nothing" in watch.words(False)
    assert len(watch.words(False)) <= 250
    watch.plant = watch.dark = [5, 0]
    assert watch.words(False) == "right"
