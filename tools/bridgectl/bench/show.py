"""How the bench shows what it found: tables for people, JSON for scripts."""

import dataclasses
import json

from rich.console import Console
from rich.table import Table

from bridgectl.bench.models import TITLES

_COLOURS = {"good": "green", "suspect": "yellow", "never": "red"}
_PARITY_NAMES = {"N": "8N1", "E": "8E1", "O": "8O1"}

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_text(baud, parity):
    """Return line settings as people write them: "9600 8N1"."""
    return f"{baud} {_PARITY_NAMES[parity]}"


def reading_table(poller, line, values):
    """Return the table of one poll."""
    tally = poller.tally
    table = Table(
        title=f"{TITLES[poller.name]} · unit {poller.unit} · {settings_text(line.baud, line.parity)} · {line.path}",
        caption=f"{tally.requests} requests, {tally.good} good, {tally.refused} refused, {tally.failed} failed, "
        f"slowest answer {tally.slowest_ms:.0f} ms",
        title_justify="left",
        caption_justify="left",
        box=None,
        pad_edge=False,
    )
    for heading, justify in (("register", "right"), ("value", "right"), ("quality", "left"), ("meaning", "left")):
        table.add_column(heading, justify=justify, style="dim" if heading == "register" else None)
    for v in values:
        quality = f"[{_COLOURS[v.quality]}]{v.quality}[/]" + (f" [dim]({v.error})[/]" if v.error else "")
        table.add_row(str(v.address), v.text(), quality, v.meaning)
    return table


def reading_json(poller, line, values, sentences):
    """Return one poll as a line of JSON."""
    return json.dumps(
        {
            "port": line.path,
            "model": poller.name,
            "unit": poller.unit,
            "baud": line.baud,
            "parity": line.parity,
            "readings": [
                {
                    "id": v.point,
                    "address": v.address,
                    "value": v.value,
                    "unit": v.unit,
                    "quality": v.quality,
                    "error": v.error,
                }
                for v in values
            ],
            "statistics": dataclasses.asdict(poller.tally),
            "remarks": sentences,
        },
        ensure_ascii=False,
    )


def scan_table(result):
    """Return the table of what a scan found."""
    table = Table(box=None, pad_edge=False)
    for heading in ("line", "unit", "model", "how it is known", "answered in"):
        table.add_column(heading, justify="right" if heading == "unit" else "left")
    for f in result.found:
        model = TITLES.get(f.model, f.model) or "[yellow]unknown[/]"
        table.add_row(settings_text(f.baud, f.parity), str(f.unit), model, f.why, f"{f.elapsed_ms:.0f} ms")
    return table


def scan_sentences(result, path):
    """Return what the result means and what to do next."""
    found = []
    for f in result.found:
        if f.model in TITLES:
            options = f"--model {f.model} --unit {f.unit} --baud {f.baud} --parity {f.parity}"
            found.append(f"Read it: bridgectl read {path} {options}")
            if f.model != "plant":
                found.append(f"Bridge settings: sensor_model {f.model}, sensor_unit {f.unit}, rs485_2_baud {f.baud}, "
                             f"rs485_2_parity {f.parity}")  # fmt: skip
    if result.echo:
        found.append("The adapter hears itself (echo); that was taken off and harms nothing.")
    return found


def scan_json(result, path):
    """Return a scan as a line of JSON."""
    return json.dumps({"port": path, **dataclasses.asdict(result)}, ensure_ascii=False)
