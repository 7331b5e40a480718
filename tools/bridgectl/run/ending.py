"""How a run ends that is told to end: in order the first time, at once the second."""

import os
import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """`at_once`: functions for the second time, the last one first; none of them waits for anything."""

    def __init__(self, loop, ended):
        """ended: asyncio.Event that begins the end in order; who has set it otherwise has told it the first time."""
        self.at_once = []
        self._loop = loop
        self._ended = ended
        self._told = False

    def listen(self):
        """Take the signals from now on, also while the event loop is held up."""
        for number in _SIGNALS:
            signal.signal(number, self.tell)

    def tell(self, number, frame=None):
        """End, as one signal says."""
        if self._told or self._ended.is_set():
            for act in reversed(self.at_once):
                act()
            os._exit(128 + number)  # the lock of the folder and the pseudo-terminals go with the process
        self._told = True
        self._loop.call_soon_threadsafe(self._ended.set)
