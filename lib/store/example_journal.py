"""Notes each of its starts in a journal and tells the last three; what it told is not told again.

Run it twice: MICROPYPATH=lib:.frozen micropython -m store.example_journal [FOLDER]
"""

import sys

from store.journal import Journal


def main(folder="data/starts/"):
    journal = Journal(folder)
    number = journal.append(1, b"a start", urgent=True)
    for sequence, priority, payload in journal.entries(max(number - 3, 0)):
        print("entry", sequence, "priority", priority, bytes(payload).decode())
    if journal.due(0):
        for _ in journal.flush(0):  # each turn is one bounded step: a place to let others run
            pass
    print("kept", number)


if __name__ == "__main__":
    main(*sys.argv[1:])
