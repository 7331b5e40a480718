"""Files <-> the LittleFS region of the Pico W's flash (MicroPython 1.27: 212 blocks of 4096 bytes at 0x12c000)."""

import pathlib

from littlefs import LittleFS, UserContext

REGION_START = 0x12C000
BLOCK_BYTES = 4096
BLOCK_COUNT = 212
REGION_BYTES = BLOCK_BYTES * BLOCK_COUNT

_GEOMETRY = {
    "block_size": BLOCK_BYTES,
    "block_count": BLOCK_COUNT,
    "read_size": 32,
    "prog_size": 256,
    "lookahead_size": 32,
}
_OLDEST_ON_DISK = 0x00020000  # every MicroPython 1.2x mounts it; newer ones change it to 2.1 at the first write


def pack(files):
    """Return the region's bytes with `files` in it: a dict of path on the device ("/a/log.mpy") to bytes."""
    context = UserContext(REGION_BYTES)
    volume = LittleFS(context=context, disk_version=_OLDEST_ON_DISK, **_GEOMETRY)
    for name in sorted(files):
        path = pathlib.PurePosixPath("/") / name
        if path.parent != pathlib.PurePosixPath("/"):
            volume.makedirs(str(path.parent), exist_ok=True)
        with volume.open(str(path), "wb") as out:
            out.write(files[name])
    volume.unmount()
    return bytes(context.buffer)


def unpack(region):
    """Return the files in a region as a dict of path to bytes. Raises littlefs.errors.LittleFSError if it is none."""
    context = UserContext(REGION_BYTES)
    context.buffer[:] = region
    volume = LittleFS(context=context, mount=False, **_GEOMETRY)
    volume.mount()
    files = {}
    for folder, _, names in volume.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with volume.open(path, "rb") as source:
                files[path] = source.read()
    volume.unmount()
    return files


def folder_files(folder, under="/"):
    """Return every file below `folder` of this PC as a dict for `pack`, placed below `under` on the device."""
    folder = pathlib.Path(folder)
    base = pathlib.PurePosixPath(under)
    return {
        str(base / path.relative_to(folder).as_posix()): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
