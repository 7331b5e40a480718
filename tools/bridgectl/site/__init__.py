"""The simulated site: house, power sensor and plant, sans-IO, and the wire that leads to them.

house, slave, meter and plant run under CPython and MicroPython alike; wire is CPython only.
"""

import sys

if sys.implementation.name != "micropython":
    from bridgectl import firmware

    firmware.load()
