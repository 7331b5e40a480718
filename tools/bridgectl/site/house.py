"""A house with PV, battery and loads on one phase: simple physics in which everything adds up at every moment.

grid = load + charge - PV. Powers in W, import and charging positive; energies in Wh. The same seed gives the same day.
"""

import math

_LONGEST_STEP_S = 60
_DAY_S = 86400
_SUNRISE_S, _SUNSET_S = 6 * 3600, 20 * 3600
_GRID_V, _GRID_OHM = 230.5, 0.35  # the voltage rises where power flows out of the house
_BASE_LOAD_W, _FRIDGE_W = 340, 95
_FRIDGE_CYCLE_S, _FRIDGE_ON_S = 2400, 840
_REACTIVE_SHARE, _REACTIVE_BASE_VAR = 0.11, 55
_DEMAND_S = 900  # time constant of the sensor's demand values

# Things that people switch on: W, seconds, name
_EVENTS = ((2000, 150, "kettle"), (2300, 1200, "oven"), (1700, 900, "dishwasher"), (900, 240, "microwave"))
_EVENT_PAUSE_S = (400, 3000)  # least and most time between two of them


class House:
    """Everything behind the grid connection point. Set `pv_set_w` or `load_set_w` to override sun and people."""

    def __init__(self, seed=1, hour=11.0, soc_pct=55.0, capacity_wh=16000, max_power_w=6000, peak_w=7500):
        self.time_s = hour * 3600  # of the day
        self.max_power_w = max_power_w  # of the inverter at its terminals
        self.peak_w = peak_w
        self.capacity_wh = capacity_wh
        self.charge_max_w = self.discharge_max_w = 4800
        self.efficiency = 0.96  # one way
        self.reserve_pct = 5.0  # discharging ends here
        self.pv_set_w = None
        self.load_set_w = None
        self.export_limit_w = None  # at the inverter's terminals, None = not in force
        self.grid_export_limit_w = None  # at the grid connection point
        self.commanded_w = None  # output that a remote EMS asks for, absorbing negative; None = self-consumption
        self.power_factor = None  # of the inverter, below 0: it takes reactive power; None = `share_pct` counts
        self.share_pct = 0.0  # reactive power that it gives, % of max_power_w
        self.off_grid = False
        self.running = True
        self.pv_w = self.load_w = self.charge_w = self.output_w = self.grid_w = 0.0
        self.curtailed_w = 0.0  # PV that a limit takes away
        self.grid_var = self.load_var = 0.0
        self.grid_v, self.grid_hz = _GRID_V, 50.0
        self.stored_wh = capacity_wh * soc_pct / 100
        # Long in service already; what the counters show is their Wh.
        self.import_wh, self.export_wh = 1834620.0, 4210380.0
        self.import_varh, self.export_varh = 402110.0, 88740.0
        self.pv_wh, self.load_wh = 9120550.0, 6744790.0
        self.pv_day_wh = self.load_day_wh = 0.0
        self.demand_w = self.import_demand_w = self.export_demand_w = self.demand_a = 0.0
        self.demand_max_w = self.import_demand_max_w = self.export_demand_max_w = self.demand_max_a = 0.0
        self._random = seed
        self._cloud = 0.9
        self._running_loads = []  # [W, s left]
        self._next_event_s = 60.0
        self._flow(1)

    @property
    def soc_pct(self):
        return 100 * self.stored_wh / self.capacity_wh

    @property
    def current_a(self):
        """Current at the grid connection point, never negative."""
        return math.sqrt(self.grid_w**2 + self.grid_var**2) / self.grid_v

    def switch_on(self, power_w, for_s):
        """Switch on a load of `power_w` for `for_s` seconds."""
        self._running_loads.append([power_w, for_s])

    def step(self, dt_s):
        """Let dt_s seconds pass."""
        while dt_s > 0:
            part_s = min(dt_s, _LONGEST_STEP_S)
            self._weather(part_s)
            self._people(part_s)
            self._flow(part_s)
            self._count(part_s)
            dt_s -= part_s

    def _chance(self):
        """Return the next of an even spread of numbers in 0..1; the same on every interpreter."""
        self._random = (self._random * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._random >> 8) / 0x7FFFFF

    def _weather(self, dt_s):
        self.time_s += dt_s
        if self.time_s >= _DAY_S:
            self.time_s -= _DAY_S
            self.pv_day_wh = self.load_day_wh = 0.0
        pull = min(1, dt_s / 120)
        self._cloud += (0.9 - self._cloud) * pull * 0.3 + (self._chance() - 0.5) * 0.1 * pull
        self._cloud = min(1.0, max(0.25, self._cloud))

    def _people(self, dt_s):
        for load in self._running_loads:
            load[1] -= dt_s
        self._running_loads = [load for load in self._running_loads if load[1] > 0]
        self._next_event_s -= dt_s
        if self._next_event_s <= 0:
            power_w, for_s, _ = _EVENTS[int(self._chance() * len(_EVENTS)) % len(_EVENTS)]
            self.switch_on(power_w, for_s)
            least_s, most_s = _EVENT_PAUSE_S
            self._next_event_s = least_s + self._chance() * (most_s - least_s)

    def _sun_w(self):
        if self.pv_set_w is not None:
            return self.pv_set_w
        if not _SUNRISE_S < self.time_s < _SUNSET_S:
            return 0.0
        height = math.sin(math.pi * (self.time_s - _SUNRISE_S) / (_SUNSET_S - _SUNRISE_S))
        return self.peak_w * 0.85 * self._cloud * height**1.3

    def _wanted_w(self):
        if self.load_set_w is not None:
            return self.load_set_w
        fridge_w = _FRIDGE_W if self.time_s % _FRIDGE_CYCLE_S < _FRIDGE_ON_S else 0
        return _BASE_LOAD_W + fridge_w + sum([w for w, _ in self._running_loads]) + 6 * (self._chance() - 0.5)

    def room_w(self, dt_s=1):
        """Return (most charging, most discharging) of the battery in W over the next dt_s seconds."""
        hours = dt_s / 3600
        free_wh = self.capacity_wh - self.stored_wh
        usable_wh = self.stored_wh - self.capacity_wh * self.reserve_pct / 100
        charge_w = min(self.charge_max_w, max(0.0, free_wh / self.efficiency / hours))
        discharge_w = min(self.discharge_max_w, max(0.0, usable_wh * self.efficiency / hours))
        return charge_w, discharge_w

    def most_output_w(self):
        """Return what the inverter may feed into the house's wires now."""
        most_w = self.max_power_w
        if self.export_limit_w is not None:
            most_w = min(most_w, self.export_limit_w)
        if self.grid_export_limit_w is not None:
            most_w = min(most_w, self.load_w + self.grid_export_limit_w)
        if self.off_grid:
            most_w = min(most_w, self.load_w)
        return most_w

    def _flow(self, dt_s):
        sun_w = self._sun_w() if self.running else 0.0
        charge_most_w, discharge_most_w = self.room_w(dt_s)
        if not self.running:
            charge_most_w = discharge_most_w = 0.0
        wanted_w = self._wanted_w()
        if self.off_grid:  # what the island cannot feed goes dark
            wanted_w = min(wanted_w, self.max_power_w, sun_w + discharge_most_w) if self.running else 0.0
        self.load_w = wanted_w
        # Self-consumption: the battery takes the surplus and covers what is missing.
        given_w = wanted_w if self.commanded_w is None or self.off_grid else self.commanded_w
        charge_w = min(charge_most_w, max(-discharge_most_w, sun_w - given_w))
        most_w = self.most_output_w()
        if sun_w - charge_w > most_w:
            charge_w = min(charge_most_w, sun_w - most_w)
        if self.commanded_w is not None and not self.off_grid:
            most_w = min(most_w, self.commanded_w)
        self.pv_w = max(0.0, min(sun_w, most_w + charge_w))
        self.curtailed_w = sun_w - self.pv_w
        self.charge_w = charge_w
        self.output_w = self.pv_w - charge_w
        self.load_var = _REACTIVE_BASE_VAR + _REACTIVE_SHARE * self.load_w
        if self.off_grid:
            self.grid_w = self.grid_var = 0.0
        else:
            self.grid_w = self.load_w - self.output_w
            self.grid_var = self.load_var - self._given_var()
        self.grid_v = _GRID_V - _GRID_OHM * self.grid_w / _GRID_V + 0.4 * (self._chance() - 0.5)
        self.grid_hz = 50.0 + 0.03 * (self._chance() - 0.5)

    def _given_var(self):
        if not self.running:
            return 0.0
        if self.power_factor is None:
            return self.max_power_w * self.share_pct / 100
        given_var = abs(self.output_w) * math.tan(math.acos(abs(self.power_factor)))
        return given_var if self.power_factor > 0 else -given_var

    def _count(self, dt_s):
        hours = dt_s / 3600
        stored_w = self.charge_w * self.efficiency if self.charge_w > 0 else self.charge_w / self.efficiency
        self.stored_wh += stored_w * hours
        self.stored_wh = min(self.capacity_wh, max(0.0, self.stored_wh))
        self.pv_wh += self.pv_w * hours
        self.pv_day_wh += self.pv_w * hours
        self.load_wh += self.load_w * hours
        self.load_day_wh += self.load_w * hours
        self.import_wh += max(0.0, self.grid_w) * hours
        self.export_wh += max(0.0, -self.grid_w) * hours
        self.import_varh += max(0.0, self.grid_var) * hours
        self.export_varh += max(0.0, -self.grid_var) * hours
        pull = min(1, dt_s / _DEMAND_S)
        self.demand_w += (abs(self.grid_w) - self.demand_w) * pull
        self.import_demand_w += (max(0.0, self.grid_w) - self.import_demand_w) * pull
        self.export_demand_w += (max(0.0, -self.grid_w) - self.export_demand_w) * pull
        self.demand_a += (self.current_a - self.demand_a) * pull
        self.demand_max_w = max(self.demand_max_w, self.demand_w)
        self.import_demand_max_w = max(self.import_demand_max_w, self.import_demand_w)
        self.export_demand_max_w = max(self.export_demand_max_w, self.export_demand_w)
        self.demand_max_a = max(self.demand_max_a, self.demand_a)
