"""A littlefs in memory at /t, so that tests leave nothing behind and a full flash is really full."""

import flash
import vfs

ROOT = "/t"


def mount(blocks=128):
    """Make and mount it; return its Flash."""
    device = flash.Flash(blocks)
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), ROOT)
    return device


def put(name, content):
    """Write a file."""
    with open(ROOT + "/" + name, "wb") as file:
        file.write(content)
