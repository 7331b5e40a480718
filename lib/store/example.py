"""Counts its own starts in a record that a power cut leaves old or new, never half.

Run it twice: MICROPYPATH=lib:.frozen micropython -m store.example [FOLDER]
"""

import sys

from store import record


def main(folder="data"):
    path = folder + "/starts"
    stored = record.load(path)  # None: missing, damaged or cut short
    if stored is None:
        print("no record yet, or a damaged one: beginning with nothing")
        stored = {"count": 0}
    stored["count"] += 1
    print("written", record.save(path, stored))
    print("written", record.save(path, stored), "(the same was there: no flash was worn)")
    print("start number", stored["count"])


if __name__ == "__main__":
    main(*sys.argv[1:])
