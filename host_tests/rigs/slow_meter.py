"""A meter that loses what comes too soon after its last answer, on a paced wire."""

from bridgectl.site.meter import Meter
from bridgectl.site.wire import PtyWire


class SlowMeter(Meter):
    """Loses each request that has not had rest_ms of quiet before it; `hurried` counts them."""

    def __init__(self, house, rest_ms, **options):
        super().__init__(house, **options)
        self.hurried = 0
        self._rest_ns = 1000000 * rest_ms
        self._wire = None

    def wired(self, **options):
        """Return the PtyWire that it hangs on, not started yet."""
        self._wire = PtyWire(self, **options)
        return self._wire

    def answer(self, frame):
        """Return the reply, or None if the request came too soon."""
        *before, asked = list(self._wire.exchanges)[-2:]
        if before and asked.start_ns - max(before[0].answer_end_ns, before[0].end_ns) < self._rest_ns:
            self.hurried += 1
            return None
        return super().answer(frame)
