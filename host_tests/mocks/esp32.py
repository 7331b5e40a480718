"""What firmware may ask of the esp32 module: the heap of ESP-IDF, (size, free, largest free block, smallest ever).

`esp32.heap` is what idf_heap_info() tells; tests put another list there before they make a Board. The start of the radio
takes its memory from it, and each write of a strip that goes through RMT does.
"""

import chip

HEAP_DATA = 4
HEAP_EXEC = 1

# A WROVER with the official image, variant SPIRAM, at its prompt: the last region is the PSRAM.
PSRAM = [
    (16_000, 12_000, 9_000, 12_000),
    (302_000, 131_500, 110_600, 131_500),
    (4_194_304, 4_100_000, 4_063_232, 4_000_000),
]
# A module without PSRAM: official ESP32_GENERIC, and an image without Bluetooth, which leaves 54.8 kB more.
NO_PSRAM = [(16_000, 12_000, 9_000, 12_000), (302_000, 131_500, 110_600, 131_500)]
NO_BLUETOOTH = NO_PSRAM + [(54_800, 54_800, 54_000, 54_800)]

heap = list(PSRAM)
rmt_writes = 0  # each took memory and gave it back
_RMT_BYTES = 1_500


def idf_heap_info(kind):
    return list(heap)


def take(count):
    """Take count bytes from the largest piece of the chip's own memory; OSError if there is no such piece."""
    best = None
    for i, (size, _free, largest, _least) in enumerate(heap):
        if size < 1_000_000 and largest >= count and (best is None or largest > heap[best][2]):
            best = i
    if best is None:
        raise OSError("ESP_ERR_NO_MEM")
    size, free, largest, least = heap[best]
    heap[best] = (size, free - count, largest - count, min(least, free - count))


class RMT:
    _bitstream = True

    @staticmethod
    def bitstream_rmt(value=None):
        if value is None:
            return RMT._bitstream
        RMT._bitstream = value


def strip_written():
    """A strip was written: through RMT, if nobody switched that off."""
    global rmt_writes
    if RMT._bitstream:
        before = list(heap)
        take(_RMT_BYTES)
        heap[:] = before
        rmt_writes += 1


def _forget():
    global rmt_writes
    RMT._bitstream = True
    rmt_writes = 0


chip.on_reset(_forget)
