"""The built firmware on an emulated RP2040 with the official, unmodified MicroPython image, or one of your own.

    download.py   the official image, by hash, into a cache
    layout.py     where an image keeps its files, and its read-only segment if it has one
    explore.py    the same, asked of an image
    repl.py       programs at the raw prompt
    image.py      folder of files <-> LittleFS region of the flash
    pl011.py      the chip's UART, with baud timing (the emulator's own model has none)
    usb.py        the USB console
    faster.py     the emulator's C code, compiled for this Python, and loop.pyx, sio.pyx: our loop and divider
    chip.py       a machine: power, time, pins, LED strip, flash, resets
    wire.py       an RS485 bus in emulated time, with a slave at its end
    radio.py      the WLAN of the Pico W, joined to loopback and to nothing else
    caller.py     TCP clients from outside to the chip, which the emulator itself has not
    heap.py       the heap, read from outside
    heap_map.py   what lies in it, by area
    rig.py        the board on its site; probe.py runs on it where something is seen only from inside
    profiles.py   what a bridge can be, booted until it does it; budget.py what each may cost
    scenario.py   `make emulate`: the figures

Nothing was compared with silicon: all times are the emulator's own. Not emulated: the second core, the ADC,
the flash cache's timing, access points.
"""

from . import faster

faster.use()  # before any module imports the emulator
