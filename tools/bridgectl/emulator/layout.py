"""Where an image of MicroPython keeps its files, and its read-only segment if it has one.

That is a matter of how the image was built, so nothing about it is assumed, see explore.py.
"""

import dataclasses
import re

MARKS = {"files": b"here do the files begin", "rom": b"here does the segment begin"}
LEAST_HALF = 196_608  # bytes of the segment, as firmware/boot.py has it


class LayoutError(Exception):
    """An image that does not say where it keeps its files."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Places in the flash, as offsets in bytes. An image without a read-only segment has rom_bytes 0."""

    image: str
    files_start: int
    block_count: int
    block_bytes: int = 4096
    rom_start: int = 0
    rom_bytes: int = 0

    @property
    def files_bytes(self):
        """Size of the file system."""
        return self.block_count * self.block_bytes

    @property
    def carrier(self):
        """What holds the slots with such an image: "Rom", code in place in the flash, or "Files"."""
        return "Files" if self.lacks else "Rom"

    @property
    def lacks(self):
        """What keeps the code of a slot from running in place with such an image, in words; "" if nothing does."""
        if not self.rom_bytes:
            return "it has no ROMFS segment (MICROPY_VFS_ROM, MICROPY_HW_ROMFS_BYTES)"
        if self.rom_bytes < 2 * LEAST_HALF:
            least = 2 * LEAST_HALF // 1024
            return f"its ROMFS segment has {self.rom_bytes // 1024} KiB, and two slots need {least}"
        return ""


# What explore.py says of the image that download.py fetches; a test holds both together.
OFFICIAL = Layout("1.27.0 for Raspberry Pi Pico W with RP2040", 0x12C000, 212)


def parse(text, flash):
    """Return the Layout that a guest's answer tells, with its marks in the flash (bytes). Raises LayoutError."""
    told = {name: (int(count), int(size)) for name, count, size in re.findall(r"LAYOUT (\w+) (\d+) (\d+)", text)}
    image = re.search(r"LAYOUT image (.+)", text)
    if "files" not in told or not image:
        raise LayoutError(f"the image does not answer as an image of the RP2040 with a file system: {text.strip()}")
    places = {}
    for name in told:
        at = flash.find(MARKS[name] + b"\0")
        if at < 0 or flash.find(MARKS[name] + b"\0", at + 1) >= 0:
            raise LayoutError(f"the mark of the {name} is not in the flash, or twice")
        places[name] = at
    count, size = told["files"]
    rom_count, rom_size = told.get("rom", (0, 0))
    return Layout(image[1], places["files"], count, size, places.get("rom", 0), rom_count * rom_size)
