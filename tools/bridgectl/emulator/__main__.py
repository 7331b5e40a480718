"""`python -m bridgectl.emulator [--profile] [--uf2 IMAGE] [run ...]` prints figures, see scenario.py; with
`--map PROFILE` a table of what lies in the heap.
"""

import argparse
import asyncio
import sys
import time

from bridgectl.device import build

from . import faster

faster.make()

from . import chip, download, explore, layout, profiles, repl, scenario  # noqa: E402 (imports the emulator)
from .heap_map import AREAS  # noqa: E402

_PROBLEMS = (build.BuildError, chip.Stalled, download.DownloadError, layout.LayoutError, repl.GuestError, TimeoutError)


def print_map(profile, setup):
    """Print what lies in the heap of a profile, as a table."""
    rig = profiles.booted(profile, setup)
    heap, areas = rig.look(), rig.areas()
    print(f"{profile}: {rig.where()}")
    for area, count in areas.items():
        print(f"{count:9} {100 * count / sum(areas.values()):5.1f} %  {area.replace('_', ' ')}: {AREAS[area]}")
    print(
        f"{sum(areas.values()):9}          used\n{heap.free_bytes:9}          free, largest piece {heap.largest_bytes}"
    )
    print(f"{rig.least.free_bytes:9}          free at least since power on")


def main(arguments):
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bridgectl.emulator", description="The built firmware on an emulated RP2040.")
    parser.add_argument(
        "runs", nargs="*", metavar="run", help=f"of {', '.join(scenario.RUNS)}; all of them without one"
    )
    parser.add_argument("--profile", action="store_true", help="time the tasks of the supervisor")
    parser.add_argument("--uf2", help="an image of MicroPython of your own in place of the official one")
    parser.add_argument("--map", choices=profiles.PROFILES, help="what lies in the heap, instead of figures")
    wanted = parser.parse_args(arguments)
    unknown = [name for name in wanted.runs if name not in scenario.RUNS]
    if unknown:
        parser.error(f"no run {', '.join(unknown)}; there are {', '.join(scenario.RUNS)}")
    if wanted.uf2 and (image := explore.layout_of(wanted.uf2)).lacks:
        print(f"emulate: {image.image}: no code in place, {image.lacks}", file=sys.stderr)
    setup = profiles.Setup(wanted.uf2 or None, wanted.profile)
    if wanted.map:
        print_map(wanted.map, setup)
        return
    figures = scenario.Figures(lambda line: print(line, flush=True))
    started_s = time.monotonic()
    for name in wanted.runs or scenario.RUNS:
        measured = scenario.RUNS[name](figures, setup)
        if asyncio.iscoroutine(measured):
            asyncio.run(measured)
    figures.where = ""
    figures.put("emulation_s", round(time.monotonic() - started_s), "s", "of this PC, for all of the above")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except _PROBLEMS as problem:
        sys.exit(f"emulate: {problem}")
