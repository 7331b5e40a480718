"""What is on this line? Finds a meter of which neither speed nor parity nor address is known, in twenty lines.

    MICROPYPATH=lib:boards/host:.frozen micropython -m modbus.find.example TTY
On a board: asyncio.run(find(lambda baud, parity: board.rs485(2, baud, parity))), see ../README.md for such a line.
"""

import asyncio
import sys

from modbus.find import finder

# Of the models that matter here; the columns are explained in models.py.
SIGNATURES = """
a meter with 230 V|4:0:2:200..260|register 0 holds a mains voltage|4:0-399
"""


async def find(open_line):
    """Print what answers and what is wrong; return [(baud, parity, unit, model, why)]."""
    search = finder.Finder(open_line, SIGNATURES)
    await search.search(lambda: None)
    for baud, parity, unit, model, why in search.found:
        print("%s: unit %d at %d bps, parity %s (%s)" % (model or "unknown device", unit, baud, parity, why))
    for fault in search.faults:
        print(fault)
    return search.found


if __name__ == "__main__":
    from line import Line

    asyncio.run(find(lambda baud, parity: Line(sys.argv[1], baud, parity)))
