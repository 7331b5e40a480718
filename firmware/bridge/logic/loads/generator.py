"""A diesel generator with a two-wire start: its states, and what moves it from one to the next. Pure.

The table is the whole behaviour; host_tests search it for an unsafe contact and a dead end. Of the rows of a state the
first counts whose bits are all there and whose forbidden bits are all not. Without feedback neither RUNS nor STANDS is set.
"""

from micropython import const

STOPPED, CRANK, PAUSE, WARM, RUN, COOL, REST, LOCKED = 0, 1, 2, 3, 4, 5, 6, 7
NAMES = (
    "stopped",
    "starting",
    "waiting for the next start",
    "warming up",
    "running",
    "cooling down",
    "resting",
    "locked out",
)

# What is known at a moment.
ASK = 1  # somebody wants it to run
HALT = 2  # it must not run
RUNS = 4  # the feedback says that it turns
STANDS = 8  # the feedback says that it does not
DUE = 16  # the time of this state is over
LAST = 32  # no start is left to try
KEEP = 64  # it has not run its minimum yet
CLEAR = 128  # a person has taken the lock-out back

# fmt: off
# state   bits           forbidden      next     reason of a lock-out
TABLE = (
    (STOPPED, ASK,           HALT | RUNS,   CRANK,  ""),
    (CRANK,   HALT,          0,             REST,   ""),
    (CRANK,   0,             ASK,           REST,   ""),
    (CRANK,   RUNS,          STANDS,        WARM,   ""),
    (CRANK,   DUE,           STANDS | RUNS, WARM,   ""),
    (CRANK,   DUE | LAST,    0,             LOCKED, "it did not start"),
    (CRANK,   DUE,           0,             PAUSE,  ""),
    (PAUSE,   HALT,          0,             REST,   ""),
    (PAUSE,   0,             ASK,           REST,   ""),
    (PAUSE,   DUE | RUNS,    0,             LOCKED, "it does not stop"),
    (PAUSE,   DUE,           0,             CRANK,  ""),
    (WARM,    STANDS | LAST, 0,             LOCKED, "it stopped by itself"),
    (WARM,    STANDS,        0,             PAUSE,  ""),
    (WARM,    HALT,          0,             COOL,   ""),
    (WARM,    0,             ASK,           COOL,   ""),
    (WARM,    DUE,           0,             RUN,    ""),
    (RUN,     STANDS | LAST, 0,             LOCKED, "it stopped by itself"),
    (RUN,     STANDS,        0,             PAUSE,  ""),
    (RUN,     HALT,          0,             COOL,   ""),
    (RUN,     0,             ASK | KEEP,    COOL,   ""),
    (COOL,    STANDS,        0,             REST,   ""),
    (COOL,    ASK,           HALT | DUE,    RUN,    ""),
    (COOL,    DUE,           0,             REST,   ""),
    (REST,    DUE | RUNS,    0,             LOCKED, "it does not stop"),
    (REST,    DUE,           0,             STOPPED, ""),
    (LOCKED,  CLEAR,         0,             REST,   ""),
)
# fmt: on
_START = (CRANK, WARM, RUN, COOL)
_STEADY_S = const(300)  # a run as long as that was a good start

# Places in load_rules.GENERATOR.
_CRANKS = const(8)
_CRANK = const(9)
_PAUSE = const(10)
_WARM = const(11)
_COOL = const(12)
_STAND = const(13)
_REST = const(14)
_MIN_RUN = const(15)


def following(state, bits):
    """Return (next state, why it is locked out or "") of a state and what is known."""
    for of, all_of, none_of, then, why in TABLE:
        if of == state and bits & all_of == all_of and not bits & none_of:
            return then, why
    return state, ""


def contacts(state):
    """Return (start contact closed, contact of its load closed): the load is on while it runs warm, never else."""
    return state in _START, state == RUN


class Generator:
    """The state with its time, and how often a start was tried."""

    def __init__(self, locked, now_s):
        """locked: why it was locked out before the start, "" = it was not. What ran before a start rests first."""
        self.state = LOCKED if locked else REST
        self.locked = locked
        self.tries = 0
        self.run_s = 0  # of this run
        self._since_s = now_s

    def memory(self):
        """Return all that it remembers."""
        return self.state, self.locked, self.tries, self.run_s, self._since_s

    def step(self, rules, ask, halt, runs, clear, now_s):
        """Return the state after this moment. runs: True, False, or None without feedback; clear: see CLEAR."""
        passed_s = now_s - self._since_s
        bits = ask * ASK | halt * HALT | clear * CLEAR
        if runs is not None:
            bits |= RUNS if runs else STANDS
        bits |= (passed_s >= self._time_s(rules)) * DUE | (self.tries >= rules[_CRANKS]) * LAST
        if self.state == RUN:
            self.run_s = passed_s
            bits |= (passed_s < rules[_MIN_RUN]) * KEEP
            if passed_s >= _STEADY_S:
                self.tries = 0
        then, why = following(self.state, bits)
        if then != self.state:
            self.tries = self.tries + 1 if then == CRANK else 0 if then == REST else self.tries
            self.run_s = 0 if then == REST else self.run_s
            self.state, self.locked = then, why
            self._since_s = now_s
        return then

    def _time_s(self, rules):
        """Return after how many s the state's time is over."""
        at_rest = max(rules[_STAND], rules[_REST])
        return (0, rules[_CRANK], rules[_PAUSE], rules[_WARM], 0, rules[_COOL], at_rest, 0)[self.state]
