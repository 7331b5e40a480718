"""Installs bundles for a test on the PC: a path a line comes in, the result goes out as a line of JSON.

Each bundle meets a new file system on which nothing else is. {"refused": text} or {"files": {path: SHA-256 in hex}}.
"""

import gc
import json
import sys

import ram_disk
import tiny_bundle
import vfs
from slots.bundle import Refused
from slots.installer import Installer
from slots.slots import Slots


def install(path):
    slots = Slots(ram_disk.ROOT, "a")
    installer = Installer(slots, "sigen-bridge", "host")
    with open(path, "rb") as file:
        view = memoryview(file.read())
    while view:
        view = view[installer.feed(view[:1000]) :]
    while not installer.finish():
        pass
    folder = slots.path("b") + "/"
    return {row[0]: tiny_bundle.digest_of(folder + row[0]) for row in slots.manifest("b")["files"]}


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
