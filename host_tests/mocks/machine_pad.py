"""The pads of the mocked chip: what Pin sets and what the wire of a UART sees."""

import chip

PULL_UP = 1

_KEPT_EDGES = 256
_pads = {}
_on_release = []


class _Pad:
    """What one GPIO's pad does; edges are (us, level) of its output, the newest _KEPT_EDGES."""

    def __init__(self, gpio):
        self.gpio = gpio
        self.output = False
        self.latch = 0
        self.pull = None
        self.driven = None
        self.edges = []

    def level(self):
        if self.output:
            return self.latch
        if self.driven is not None:
            return self.driven
        if self.pull is not None:
            return 1 if self.pull == PULL_UP else 0
        return chip.PULLED.get(chip.port, {}).get(self.gpio, 0)

    def put(self, level):
        before = self.edges[-1][1] if self.edges else None
        self.latch = level
        if self.output and level != before:
            self.edges.append((chip.now_us(), level))
            if len(self.edges) > _KEPT_EDGES:
                del self.edges[0]
            if before == 1 and level == 0:
                for told in _on_release:
                    told(self.gpio)

    def steady(self, wanted, start_us, end_us):
        """Return whether the output had that level all the time from start_us to end_us."""
        edges = self.edges
        for i in range(len(edges) - 1, -1, -1):  # it is nearly always about the last ones
            at_us, new = edges[i]
            if at_us <= start_us:
                return new == wanted
            if at_us < end_us and new != wanted:
                return False
        return wanted == 0


def pad(gpio):
    """Return the pad of a GPIO, for tests and for the wire."""
    if gpio not in _pads:
        _pads[gpio] = _Pad(gpio)
    return _pads[gpio]


def on_release(told):
    """Call told(gpio) whenever an output falls."""
    _on_release.append(told)


chip.on_reset(_pads.clear)
