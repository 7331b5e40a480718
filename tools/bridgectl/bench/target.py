"""What the pace is measured with: a slave and its registers, by model or by address, function and spans."""

import dataclasses
import math
import re
import struct

from bridge import settings_table
from bridge.devices import registers
from modbus.pace import plan
from modbus.wire import functions
from modbus.wire.timing import cycle_us

from bridgectl.bench.models import TITLES
from bridgectl.bench.models import model as known
from bridgectl.bench.port import BenchError, check_unit

LONGEST = 125  # registers that a reply has room for
_LONGEST_UNKNOWN = 60  # of a slave of which nothing is known
_JITTER_MS = 20  # of a USB adapter, on top of the pause that a model asks for
_FUNCTIONS = (functions.READ_HOLDING, functions.READ_INPUT)
_SPAN = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9]+):([0-9]+)")
_ALSO = {"sigenergy": "plant"}
_POLLS = {"plant": "plant"}  # beginning of the settings' names; a meter's is "sensor"
_ROUND_MS = 10


@dataclasses.dataclass
class Target:
    """A slave and what is read from it."""

    model: str  # key of MODELS, or ""
    unit: int
    function: int
    wanted: list  # (address, words) of each value
    longest: int  # registers in one read
    forbidden: list  # (address, words) that no read may touch
    pause_ms: int = 0  # that the model asks for between two requests

    @property
    def title(self):
        """What people call it."""
        return f"{TITLES.get(self.model, 'slave')}, unit {self.unit}"

    @property
    def step(self):
        """Registers by which a read may grow without cutting a value in two."""
        return math.gcd(*[words for _, words in self.wanted])

    def floor_us(self, silence_us):
        """Return the least rest: t3.5, or what the model asks for."""
        return max(silence_us, 1000 * (self.pause_ms + _JITTER_MS) if self.pause_ms else 0)


@dataclasses.dataclass
class Poll:
    """What the bridge itself polls with its settings as they come, and whether the slave's pace allows it."""

    setting: str
    poll_ms: int
    values: int  # that are due each time
    needs_ms: float  # bus time per poll, its share of the slow values included
    fits: bool
    least_ms: int  # the setting that fits


def by_model(name, unit=None):
    """Return the Target of a model, all its required registers; BenchError if there is no such model or unit."""
    name = _ALSO.get(name, name)
    module = known(name)
    wanted = [(r[0], struct.calcsize(">" + r[1]) // 2) for r in registers.rows(module) if not r[5]]
    unit = check_unit(module.UNIT if unit is None else unit)
    return Target(name, unit, module.FUNCTION, wanted, module.LONGEST, [], getattr(module, "PERIOD_MS", 0))


def by_spans(unit, function, spans):
    """Return the Target of texts ADDRESS:COUNT; holes between them are not read. BenchError says what is wrong."""
    if function not in _FUNCTIONS:
        raise BenchError(f"--function {function}: 3 reads holding registers, 4 input registers")
    wanted = sorted({_span(text) for text in spans})
    forbidden = []
    end = wanted[0][0]
    for address, count in wanted:
        if address > end:
            forbidden.append((end, address - end))
        end = max(end, address + count)
    longest = max(_LONGEST_UNKNOWN, *[count for _, count in wanted])
    return Target("", check_unit(unit), function, wanted, longest, forbidden)


def chosen(model, unit, function, spans):
    """Return the Target that the options of the command mean; BenchError if they contradict each other."""
    if model and (function is not None or spans):
        raise BenchError("--model brings function and registers with it: leave --function and --read out")
    if model:
        return by_model(model, unit)
    if unit is None or not spans:
        raise BenchError("name the slave: --model sdm230, or --unit 1 --function 4 --read 0:38 (as often as needed)")
    return by_spans(unit, functions.READ_INPUT if function is None else function, spans)


def poll(target, timing):
    """Return the Poll of a target with a model, timing: a timing.Timing; None if it has no model."""
    if not target.model:
        return None
    prefix = _POLLS.get(target.model, "sensor")
    default = {row[0]: row[2] for row in settings_table.rows()}
    setting = f"{prefix}_poll_ms"
    slow_ms = default[f"{prefix}_slow_ms"]
    rows = [r for r in registers.rows(known(target.model)) if not r[5]]

    def needs_us(poll_ms):
        every = {"fast": poll_ms, "slow": max(slow_ms, poll_ms)}
        wanted = [(r[0], struct.calcsize(">" + r[1]) // 2, every[r[4]]) for r in rows]
        return cycle_us(plan.schedule(wanted, target.longest, timing), timing)

    needed_us = needs_us(default[setting])
    least_ms = default[setting]
    while 1000 * least_ms < needs_us(least_ms):
        least_ms = math.ceil(needs_us(least_ms) / 1000 / _ROUND_MS) * _ROUND_MS
    values = sum(1 for r in rows if r[4] == "fast")
    fits = needed_us <= 1000 * default[setting]
    return Poll(setting, default[setting], values, needed_us / 1000, fits, least_ms)


def _span(text):
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise BenchError(f"--read {text}: ADDRESS:COUNT is meant, such as 0:38 or 0x156:4")
    address, count = int(found[1], 16 if "x" in found[1].lower() else 10), int(found[2])
    if not 1 <= count <= LONGEST:
        raise BenchError(f"--read {text}: one read has 1 to {LONGEST} registers")
    if address + count > 1 << 16:
        raise BenchError(f"--read {text}: addresses end at 65535")
    return address, count
