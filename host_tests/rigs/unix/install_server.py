"""Installs bundles for a test on the PC: a path a line comes in, the result goes out as a line of JSON.

Each bundle meets a new file system on which nothing else is. {"refused": text} or {"files": {path: SHA-256 in hex}}, read
from the slot by MicroPython's own VfsRom.
"""

import gc
import json
import os
import sys

import ram_disk
import tiny_bundle
import vfs
from slots.head import HEAD_BYTES
from slots.installer import Installer
from slots.slots import Slots
from slots.version import Refused


def install(path):
    slots = Slots(ram_disk.ROOT, "a")
    installer = Installer(slots, "sigen-bridge", "host")
    with open(path, "rb") as file:
        view = memoryview(file.read())
    while view:
        view = view[installer.feed(view[:1000]) :]
    while not installer.finish():
        pass
    with open(ram_disk.ROOT + "/b.slot", "rb") as file:
        file.seek(HEAD_BYTES)
        vfs.mount(vfs.VfsRom(file.read()), "/rom")
    try:
        return tree("/rom")
    finally:
        vfs.umount("/rom")


def tree(folder):
    found = {}
    for row in os.ilistdir(folder):
        path = folder + "/" + row[0]
        found.update(tree(path) if row[1] & 0x4000 else {path[len("/rom/") :]: tiny_bundle.digest_of(path)})
    return found


def main():
    for line in sys.stdin:
        ram_disk.mount(160)
        try:
            result = {"files": install(line.strip())}
        except Refused as e:
            result = {"refused": str(e)}
        print(json.dumps(result))
        vfs.umount(ram_disk.ROOT)
        gc.collect()


main()
