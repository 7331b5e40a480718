"""The simulated site of a run: one house, the sensor and the plant at the ends of two wires, and time that passes."""

import sys
import threading
import time

from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from bridgectl.site.wire import PtyWire

_STEP_S = 0.1
_PATIENCE_S = 3  # for a thread that is told to end
_SWITCH_S = 0.0005  # how long a thread may hold the interpreter: the wires need better than a millisecond
SENSOR_FAULTS = ("ok", "silent", "noisy", "lying")


class World:
    """Noon of a sunny day with a nearly full battery, so that a limit is seen at once.

    sensor_wire, plant_wire: the PtyWire, or None where a real adapter takes its place.
    """

    def __init__(self, *, sensor=True, plant=True, model="sdm230"):
        sys.setswitchinterval(_SWITCH_S)
        self.house = House(hour=12.2, soc_pct=86.0)
        self.house.charge_max_w = 900  # what a battery takes that is nearly full
        self.house.step(1)
        self.meter = Meter(self.house, model)
        self.plant = Plant(self.house)
        self.sensor_fault = "ok"
        self._lock = threading.Lock()
        self.sensor_wire = PtyWire(self.meter, lock=self._lock, in_lumps=True) if sensor else None
        self.plant_wire = PtyWire(self.plant, think_ms=50, lock=self._lock, in_lumps=True) if plant else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._live, name="house", daemon=True)

    def start(self):
        """Let time pass and connect the wires."""
        for wire in self._wires():
            wire.start()
        self._thread.start()

    def close(self):
        """Take the wires away and stop time; also before start()."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_S)
        for wire in self._wires():
            wire.close()

    def next_sensor_fault(self):
        """Go on to the next of SENSOR_FAULTS and return it; "" if the sensor is a real one."""
        wire = self.sensor_wire
        if wire is None:
            return ""
        self.sensor_fault = SENSOR_FAULTS[(SENSOR_FAULTS.index(self.sensor_fault) + 1) % len(SENSOR_FAULTS)]
        wire.reset_faults()
        wire.silent = self.sensor_fault == "silent"
        wire.bad_crc_pct = 80 if self.sensor_fault == "noisy" else 0
        self.meter.lying = self.sensor_fault == "lying"
        return self.sensor_fault

    def flip_plant(self):
        """Silence the plant or let it answer again; return "silent" or "ok", "" if the plant is a real one."""
        if self.plant_wire is None:
            return ""
        self.plant_wire.silent = not self.plant_wire.silent
        return "silent" if self.plant_wire.silent else "ok"

    def _wires(self):
        return [wire for wire in (self.sensor_wire, self.plant_wire) if wire]

    def _live(self):
        at_s = time.monotonic()
        while not self._ended.wait(_STEP_S):
            now_s = time.monotonic()
            with self._lock:
                self.house.step(now_s - at_s)
            at_s = now_s
