"""Files <-> the LittleFS region of an image's flash; where it lies and how long it is says layout.py."""

import pathlib

from littlefs import LittleFS, UserContext

from .layout import OFFICIAL

SLOT = "/a.slot"  # a whole slot, as a file and in place alike

_GEOMETRY = {"read_size": 32, "prog_size": 256, "lookahead_size": 32}
_OLDEST_ON_DISK = 0x00020000  # every MicroPython 1.2x mounts it; newer ones change it to 2.1 at the first write


def pack(files, layout=OFFICIAL):
    """Return the region's bytes with `files` in it: a dict of path on the device ("/a/log.mpy") to bytes.

    Raises littlefs.errors.LittleFSError if they do not fit.
    """
    context = UserContext(layout.files_bytes)
    volume = LittleFS(context=context, disk_version=_OLDEST_ON_DISK, **_geometry(layout))
    for name in sorted(files):
        path = pathlib.PurePosixPath("/") / name
        if path.parent != pathlib.PurePosixPath("/"):
            volume.makedirs(str(path.parent), exist_ok=True)
        with volume.open(str(path), "wb") as out:
            out.write(files[name])
    volume.unmount()
    return bytes(context.buffer)


def unpack(region, layout=OFFICIAL):
    """Return the files in a region as a dict of path to bytes. Raises littlefs.errors.LittleFSError if it is none."""
    context = UserContext(layout.files_bytes)
    context.buffer[:] = region
    volume = LittleFS(context=context, mount=False, **_geometry(layout))
    volume.mount()
    files = {}
    for folder, _, names in volume.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with volume.open(path, "rb") as source:
                files[path] = source.read()
    volume.unmount()
    return files


def placed(files, layout):
    """Return (files for the file system, bytes for the beginning of the read-only segment).

    A slot goes where firmware/boot.py looks for it: into the segment, if its halves can hold slots at all.
    """
    if SLOT not in files or layout.lacks:
        return files, b""
    return {name: content for name, content in files.items() if name != SLOT}, files[SLOT]


def folder_files(folder, under="/"):
    """Return every file below `folder` of this PC as a dict for `pack`, placed below `under` on the device."""
    folder = pathlib.Path(folder)
    base = pathlib.PurePosixPath(under)
    return {
        str(base / path.relative_to(folder).as_posix()): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _geometry(layout):
    return {**_GEOMETRY, "block_size": layout.block_bytes, "block_count": layout.block_count}
