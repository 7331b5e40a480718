"""How long a test waits for what must come. It bounds a hang and says nothing about speed: the machine may be busy."""

import time

HANG_S = 180


def undisturbed(run, good):
    """Return what run() returns as soon as good(it) holds, or what it returned last when HANG_S are over.

    For what a simulated device at a pseudo-terminal makes of real time: while it waits for the processor it is silent for
    its master, or hears two requests at once. Such a run says nothing; one that nobody disturbed does.
    """
    until_s = time.monotonic() + HANG_S
    found = run()
    while not good(found) and time.monotonic() < until_s:
        found = run()
    return found
