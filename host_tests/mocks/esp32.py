"""What firmware may ask of the esp32 module: the heap of ESP-IDF, (size, free, largest free block, smallest ever)."""

HEAP_DATA = 4
HEAP_EXEC = 1

heap = [(122880, 61440, 40960, 45056)]


def idf_heap_info(kind):
    return heap
