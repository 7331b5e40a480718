"""Installs a bundle into the slot that does not run, and shows what starts next and on which terms.

    MICROPYPATH=lib:.frozen micropython -m slots.example ROOT BUNDLE PRODUCT BOARD

ROOT is what / is on a device: the folder of the slots a.slot and b.slot.
"""

import sys

from slots.installer import Installer
from slots.slots import Slots
from slots.version import Refused

_CHUNK = 512  # bytes, as a network or a serial line brings them


def install(slots, path, product, board):
    """Feed a bundle to the idle slot; nothing that runs has changed if this raises Refused or OSError."""
    installer = Installer(slots, product, board)
    with open(path, "rb") as file:
        chunk = file.read(_CHUNK)
        while chunk:
            chunk = chunk[installer.feed(chunk) :] or file.read(_CHUNK)  # others may run between two of these
    while not installer.finish():
        pass
    return installer.version


def main(root, path, product, board):
    slots = Slots(root)
    slot = slots.idle()
    try:
        version = install(slots, path, product, board)
    except Refused as e:
        print("refused:", e)
        return
    print("%s is in slot %s and starts next, on trial" % (version, slot))
    # boot.py would now start it: its image is mounted and comes first on sys.path.
    slots = Slots(root, running=slot)
    print("on trial:", slots.on_trial())
    slots.confirm()  # after a healthy minute
    print("on trial:", slots.on_trial(), "- the next bundle goes to slot", slots.idle())


if __name__ == "__main__":
    main(*sys.argv[1:])
