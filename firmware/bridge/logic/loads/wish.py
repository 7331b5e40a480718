"""Whether a generator is wanted, and why: battery, house, grid, test run, lost data. Pure.

In this order: a person, a test run, lost data, the battery, the house's load, the grid. What begins at one value ends at
another, so each reason is remembered until it ends.
"""

from bridge.logic.loads.day import within
from micropython import const

# Places in load_rules.GENERATOR.
_MODE = const(0)
_START = const(1)
_STOP = const(2)
_QUIET_START = const(3)
_OFF_GRID = const(4)
_LOAD_ON = const(5)
_LOAD_OFF = const(6)
_LOAD_S = const(7)
_QUIET = const(17)
_QUIET_END = const(18)
_TEST_D = const(19)
_TEST = const(20)
_LOST = const(21)
_LOST_S = const(22)

_ON = const(1)
_OFF = const(2)  # words of mode
_ONLY = const(0)
_WHEN_OFF_GRID = const(1)  # words of off_grid
_START_IT = const(1)
_KEEP = const(2)  # words of lost
_DAY_S = const(86400)
_MINUTE_S = const(60)


class Wish:
    """The reasons that hold."""

    def __init__(self, now_s):
        self._known_s = now_s  # when the battery's level was known last
        self._below_s = now_s  # when the load was below its limit last
        self._soc = self._load = self._test = self._lost = False

    def memory(self):
        """Return all that it remembers."""
        return self._known_s, self._below_s, self._soc, self._load, self._test, self._lost

    def step(self, rules, soc, off_grid, load_w, minute, runs, idle_s, run_s, now_s):
        """Return why it shall run, "" = it shall not. soc %, off_grid, load_w W, minute of the day: None = not known.

        runs: it is running, or on its way. idle_s: since the last run ended. run_s: of this run.
        """
        is_quiet = rules[_QUIET] >= 0 and (minute is None or within(minute, rules[_QUIET], rules[_QUIET_END]))
        if rules[_MODE] == _OFF:
            self._soc = self._load = self._test = self._lost = False
            return ""
        if rules[_MODE] == _ON:
            return "a person wants it"
        found = self._test_run(rules, is_quiet, idle_s, run_s, runs)
        return found or self._measured(rules, soc, off_grid, load_w, is_quiet, runs, now_s)

    def _test_run(self, rules, is_quiet, idle_s, run_s, runs):
        if self._test:
            self._test = run_s < rules[_TEST] * _MINUTE_S
        elif rules[_TEST_D] and idle_s >= rules[_TEST_D] * _DAY_S and not is_quiet and not runs:
            self._test = True
        return "test run" if self._test else ""

    def _measured(self, rules, soc, off_grid, load_w, is_quiet, runs, now_s):
        if soc is None or off_grid is None:
            if now_s - self._known_s < rules[_LOST_S]:
                return "nothing is heard of the plant yet" if runs else ""
            self._soc = self._load = False
            self._below_s = now_s
            # What was running when the data went is kept, what was not is not started.
            self._lost = rules[_LOST] == _START_IT or (rules[_LOST] == _KEEP and bool(runs))
            return "nothing is heard of the plant" if self._lost else ""
        self._known_s, self._lost = now_s, False
        counts = off_grid or rules[_OFF_GRID] != _ONLY
        self._soc = counts and soc < rules[_STOP] if self._soc else counts and soc <= self._start(rules, is_quiet)
        self._overload(rules, load_w, counts, is_quiet, now_s)
        if self._soc:
            return "SOC %d %%" % soc
        if self._load:
            return "the house takes %d W" % (load_w or 0)
        if off_grid and rules[_OFF_GRID] == _WHEN_OFF_GRID and (runs or not is_quiet):
            return "off-grid"
        return ""

    def _start(self, rules, is_quiet):
        return rules[_QUIET_START] if is_quiet else rules[_START]

    def _overload(self, rules, load_w, counts, is_quiet, now_s):
        if not rules[_LOAD_ON] or load_w is None or not counts:
            self._load = False
        elif self._load:
            self._load = load_w > rules[_LOAD_OFF]
        elif load_w >= rules[_LOAD_ON] and not is_quiet:
            self._load = now_s - self._below_s >= rules[_LOAD_S]
        if not self._load and not (load_w is not None and rules[_LOAD_ON] and load_w >= rules[_LOAD_ON]):
            self._below_s = now_s
