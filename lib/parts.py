"""Parts of a program that come when they are wanted and go when they have ended, with every module that only they brought.

    portal = Part("bridge.tasks.portal")
    supervisor.add("portal", lambda beat: portal.run(beat, lambda: state.hotspot_open, state, settings))

    with Part("modbus.pace.plan") as plan:
        found = plan.schedule(...)

A part imports all it needs at its top, so what it brings is what comes in while it is imported. Two parts that come and go
may share only what is in memory before both or is kept: else the one that came first would take the other's along.
"""

import asyncio
import gc
import sys

from micropython import const

_LOOK_MS = const(500)
_GARBAGE_BYTES = const(4000)  # that an import may leave between what stays


class Part:
    """One module and what its import brings."""

    def __init__(self, name, only="", keep=()):
        """name: dotted name of the module. Of what it brings, modules stay whose names do not begin with `only` or do
        with one of `keep`."""
        self.name = name
        self._only = only
        self._keep = keep
        self._brought = ()

    def load(self):
        """Return the module, imported if it is not in memory. Raises what the import raises, and then leaves nothing."""
        if self.name not in sys.modules:
            gc.collect()  # what stays goes side by side, not between pieces of garbage
            before = tuple(sys.modules)
            before_bytes = _threshold()
            _threshold(_GARBAGE_BYTES)
            try:
                __import__(self.name)
            finally:
                _threshold(before_bytes)
                self._brought = tuple([name for name in sys.modules if name not in before])
                if self.name not in sys.modules:
                    self.unload()
        return sys.modules[self.name]

    def unload(self):
        """Forget what `load` brought; whoever still holds a piece of it keeps that piece."""
        for name in self._brought:
            if name.startswith(self._only) and not name.startswith(self._keep):
                _forget(name)
        self._brought = ()

    __enter__ = load

    def __exit__(self, *_):
        self.unload()

    async def run(self, beat, wanted, *arguments):
        """Wait until wanted() is true, await the module's run(beat, *arguments), let it go when that ends; for ever."""
        while True:
            beat()
            if wanted():
                try:
                    await self.load().run(beat, *arguments)
                finally:
                    self.unload()
                gc.collect()
            elif self._brought:
                self.unload()  # somebody loaded it for a moment and nothing came of it
            await asyncio.sleep_ms(_LOOK_MS)


def _threshold(*count):
    return gc.threshold(*count) if hasattr(gc, "threshold") else -1  # a PC's own Python has none


def _forget(name):
    sys.modules.pop(name, None)
    package, _, last = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent and hasattr(parent, last):
        delattr(parent, last)
