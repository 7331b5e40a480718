"""`bridgectl pace`: measures, shows how it goes, and prints what it means."""

import contextlib
import time

from rich.live import Live

from bridgectl import options
from bridgectl.bench import pace_report, show
from bridgectl.bench.pace import Pace
from bridgectl.bench.port import Line, check_line

_SHOW_S = 0.25


def measure(path, target, baud, parity, seconds, probe_longest, json_lines):
    """Measure the pace of a Target at a port, print the result and return the exit code. Ctrl-C ends it early."""
    with Line(path, *check_line(baud, parity)) as line, contextlib.ExitStack() as stack:
        late_ms = line.hurry()
        pace = Pace(line, target)
        told = _quiet
        if show.console.is_terminal and not json_lines:
            told = _Screen(
                stack.enter_context(Live(console=show.console, transient=True, auto_refresh=False)), pace, line
            )
        with contextlib.suppress(KeyboardInterrupt):
            if probe_longest:
                pace.probe_longest(told)
            pace.run(seconds, told)
        stack.close()
        facts = pace_report.figures(pace, line)
        sentence = pace_report.verdict(pace, facts)
        said = pace_report.remarks(pace, facts, late_ms)
        if json_lines:
            print(pace_report.as_json(facts, sentence, said), flush=True)
        else:
            if facts["answers"]:
                show.console.print(pace_report.table(pace, line, facts))
            for text in (sentence, *said):
                show.console.print(text, markup=False, soft_wrap=True)
    return _code(facts)


def _code(facts):
    """Return the exit code: part good if reads are refused, the slave went away, or its pace is not known yet."""
    if not facts["answers"]:
        return options.PART_GOOD if facts["refused"] else options.NO_ANSWER
    if facts["refused"] or facts["gone_s"] or facts["learned_after_s"] is None:
        return options.PART_GOOD
    return 0


def _quiet():
    """Show nothing."""


class _Screen:
    """Shows the figures while they are measured, a few times a second."""

    def __init__(self, live, pace, line):
        self._live = live
        self._pace = pace
        self._line = line
        self._shown_at = 0.0

    def __call__(self):
        now = time.monotonic()
        if now - self._shown_at >= _SHOW_S:
            facts = pace_report.figures(self._pace, self._line)
            self._live.update(pace_report.table(self._pace, self._line, facts), refresh=True)
            self._shown_at = time.monotonic()
