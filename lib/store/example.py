"""Counts its own starts in a record that a power cut leaves old or new, never half.

Run it twice: MICROPYPATH=lib:.frozen micropython -m store.example [FOLDER]
"""

import sys

from store import record


def main(folder="data"):
    path = folder + "/starts"
    stored = record.load(path)  # None: missing, or no copy can be read
    if stored is None:
        print("a damaged record" if record.damaged(path) else "no record yet", "- beginning with nothing")
        stored = {"count": 0}
    stored["count"] += 1
    print("written", record.save(path, stored))
    print("written", record.save(path, stored), "(the same was there: no flash was worn)")
    print("start number", stored["count"])


if __name__ == "__main__":
    main(*sys.argv[1:])
