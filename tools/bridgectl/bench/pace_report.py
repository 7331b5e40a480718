"""What a measured pace means: figures as one dictionary, a verdict in one sentence, remarks, a table for people."""

import json
import statistics

from modbus.wire import rtu
from modbus.wire.timing import cycle_us
from rich.table import Table

from bridgectl.bench import target as targets
from bridgectl.bench.pace import CEILING_US
from bridgectl.bench.read import hint
from bridgectl.bench.show import settings_text

_COARSE_MS = 2  # an adapter that holds bytes back for longer is told
_ENOUGH_S = 60  # for nearly every slave
_LONGER = 6  # times as long is proposed when the time was too short
_BOUNDS = {
    "line": "t3.5, the least that the line allows",
    "model": "what the model asks for",
    "slave": "the slave: it loses requests after shorter ones",
    "ceiling": "the ceiling: no longer one is ever kept",
    "learning": "nothing yet: shorter ones are still to be tried",
}


def bound(pace):
    """Return a key of _BOUNDS: what keeps the rest from being shorter."""
    rest_us = pace.rest_us()
    if pace.learned_s is None:
        return "learning"
    if rest_us <= pace.floor_us:
        return "model" if pace.target.pause_ms else "line"
    return "ceiling" if rest_us >= CEILING_US else "slave"


def figures(pace, line):
    """Return all that was measured, as --json prints it. Times in ms unless named otherwise."""
    tally, timing, target = pace.tally, pace.timing(), pace.target
    reads = [(address, count) for address, count, _ in pace.planner.reads]
    predicted_ms = cycle_us(reads, timing) / 1000
    cycle_ms = 1000 * statistics.fmean(pace.cycles_s) if pace.cycles_s else None
    poll = targets.poll(target, timing) if tally.answers else None
    return {
        "port": line.path,
        "model": target.model,
        "unit": target.unit,
        "function": target.function,
        "baud": line.baud,
        "parity": line.parity,
        "seconds": round(pace.lasted_s(), 1),
        "learned_after_s": _rounded(pace.learned_s, 1),
        "think_ms": {
            "median": _quantile_ms(pace.thinks_us, 50),
            "p90": _quantile_ms(pace.thinks_us, 90),
            "slowest": _quantile_ms(pace.thinks_us, 100),
        },
        "rest_ms": round(pace.rest_us() / 1000, 1),
        "rest_bound": bound(pace),
        "timeout_ms": pace.pacing.timeout_ms(),
        "errors_ppm": pace.pacing.errors_ppm(),
        "requests": tally.requests,
        "answers": tally.answers,
        "refused": tally.refused,
        "lost": {
            "learning": tally.lost_learning,
            "after": tally.lost_after,
            "silent": tally.silent,
            "broken": tally.broken,
            "wrong": tally.wrong,
        },
        "late": tally.late,
        "gone_s": round(pace.gone_s(), 1),
        "longest": target.longest,
        "probed_longest": pace.probed,
        "plan": {
            "reads": [{"address": address, "count": count} for address, count in reads],
            "values": len(target.wanted),
            "predicted_ms": round(predicted_ms, 1),
            "cycle_ms": _rounded(cycle_ms, 1),
            "cycles": len(pace.cycles_s),
            "efficiency": round(predicted_ms / cycle_ms, 3) if cycle_ms and pace.learned_s else None,
            "changes": pace.planner.changes,
        },
        "poll": poll
        and {
            "setting": poll.setting,
            "poll_ms": poll.poll_ms,
            "values": poll.values,
            "needs_ms": round(poll.needs_ms, 1),
            "fits": poll.fits,
            "least_ms": poll.least_ms,
        },
    }


def verdict(pace, facts):
    """Return in one sentence what the figures mean; facts: of `figures`."""
    target = pace.target
    if not facts["answers"]:
        if facts["refused"]:
            why = rtu.describe(pace.refusal)
            return f"Unit {target.unit} is there, but refuses every read: {why}. Is it another model?"
        return f"Nothing usable from unit {target.unit}: {hint(pace.failure)}."
    think, rest = _ms(facts["think_ms"]["median"]), _ms(facts["rest_ms"])
    kind = facts["rest_bound"]
    if kind == "learning":
        longer = max(_ENOUGH_S, _LONGER * round(facts["seconds"]))
        return (
            f"Not known yet after {facts['seconds']:g} s: it answers in {think}, and a rest of {rest} is being tried; "
            f"give it longer, such as `--seconds {longer}`."
        )
    said = {
        "line": f"answers in {think} and needs no rest",
        "model": f"answers in {think}; the model asks for {target.pause_ms} ms between two requests",
        "slave": f"loses requests unless it gets {rest} of rest",
        "ceiling": f"loses requests unless it gets {rest} of rest, the longest that is ever kept; it may need more",
    }[kind]
    planned = facts["plan"]
    every = _ms(planned["cycle_ms"] or planned["predicted_ms"])
    values = _many(planned["values"], "value" if target.model else "span")
    verb = "is" if planned["values"] == 1 else "are"
    return f"{said[0].upper()}{said[1:]}: {values} every {every} {verb} possible{_poll(facts['poll'])}."


def remarks(pace, facts, late_ms):
    """Return sentences beside the verdict; late_ms: by how much the adapter may be late, None = not known."""
    tally = pace.tally
    found = []
    if facts["answers"] and 2 * tally.hasty > tally.answers + tally.refused:
        found.append(
            f"{tally.hasty} replies were there sooner than {facts['baud']} bit/s can carry them: this is no RS485 wire (a "
            "pseudo-terminal, a port on the network?), and the figures say nothing about one."
        )
    if facts["answers"] and tally.refused:
        why = rtu.describe(pace.refusal)
        found.append(f"{tally.refused} reads were refused: {why}; the cycle is not complete. Is it another model?")
    if tally.broken:
        found.append(f"{tally.broken} of {tally.requests} replies were broken: {hint(rtu.BAD_CRC)}.")
    if tally.answers and tally.lost_after > tally.broken and not facts["gone_s"]:
        found.append(f"{tally.lost_after} replies were lost after the pace was known: haste is not the reason.")
    if facts["gone_s"] and facts["answers"]:
        found.append(f"It has not answered for the last {facts['gone_s']:g} s: {hint(pace.failure)}.")
    if tally.late:
        found.append(f"{tally.late} times a reply came after the time-out; the bridge waits longer from then on.")
    if pace.probed == 0:
        found.append("No read was answered right while the longest was looked for.")
    elif pace.probed is not None:
        found.append(f"Longest read that was answered right: {pace.probed} registers; the plan uses it.")
    if tally.echoes:
        found.append("The adapter hears itself (echo); that was taken off and harms nothing.")
    if tally.glitches:
        found.append("Stray bytes came before answers: the driver switches late or the line lacks bias resistors.")
    if late_ms is not None and late_ms > _COARSE_MS and facts["answers"]:
        found.append(
            f"This adapter holds bytes back for up to {late_ms} ms: think times look longer by so much, and a rest is "
            "longer than it looks."
        )
    return found


def as_json(facts, sentence, said):
    """Return the result as one line of JSON."""
    return json.dumps({**facts, "verdict": sentence, "remarks": said}, ensure_ascii=False)


def table(pace, line, facts):
    """Return the table of the figures."""
    grid = Table(
        title=f"{pace.target.title} · {settings_text(line.baud, line.parity)} · {line.path}",
        title_justify="left",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    think, lost, planned = facts["think_ms"], facts["lost"], facts["plan"]
    reads = ", ".join(f"{r['address']}:{r['count']}" for r in planned["reads"])
    learned = facts["learned_after_s"]
    noun = "value" if pace.target.model else "span"
    exchanges = (
        f"{facts['requests']}: {facts['answers']} good, {facts['refused']} refused, {lost['silent']} silent, "
        f"{lost['broken']} broken, {lost['wrong']} wrong"
    )
    known = "" if learned is None else f" (known after {learned:g} s), {lost['after']} after"
    planned_reads = f"{_many(planned['values'], noun)} in {_many(len(planned['reads']), 'read')}"
    efficiency = f", efficiency {planned['efficiency']:.0%}" if planned["efficiency"] else ""
    rows = (
        ("think time", f"median {_ms(think['median'])}, 90 % {_ms(think['p90'])}, slowest {_ms(think['slowest'])}"),
        ("rest", f"{_ms(facts['rest_ms'])}; bounded by {_BOUNDS[facts['rest_bound']]}"),
        ("time-out", _ms(facts["timeout_ms"])),
        ("error rate", f"{facts['errors_ppm']} of a million characters"),
        ("exchanges", exchanges),
        ("replies lost", f"{lost['learning']} while learning{known}"),
        ("plan", f"{planned_reads} of at most {facts['longest']} registers: {reads}"),
        ("bus time", f"predicted {_ms(planned['predicted_ms'])}, measured {_ms(planned['cycle_ms'])}{efficiency}"),
    )
    for row in rows:
        grid.add_row(*row)
    return grid


def _poll(poll):
    if not poll:
        return ""
    own = f"the bridge's {poll['poll_ms']} ms poll of {poll['values']} values"
    if poll["fits"]:
        return f"; {own} fits"
    return f"; {own} does not fit, set {poll['setting']} to {poll['least_ms']} or more"


def _many(count, noun):
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _ms(ms):
    """Return a time for people."""
    if ms is None:
        return "–"
    return f"{ms / 1000:.2f} s" if ms >= 10000 else f"{ms:.0f} ms" if ms >= 5 else f"{ms:.1f} ms"


def _quantile_ms(times_us, pct):
    if not times_us:
        return None
    return round(sorted(times_us)[(len(times_us) - 1) * pct // 100] / 1000, 1)


def _rounded(value, digits):
    return None if value is None else round(value, digits)
