"""The one source of time: wrapping milliseconds for control, a monotonic count of seconds for spans over a minute.

ticks_ms() wraps after 12.4 days and two stamps compare right only within 6.2 days; seconds() never wraps in practice
but must be called at least every 6 days (the supervisor does so every second).
"""

from time import sleep_us, ticks_add, ticks_diff, ticks_ms, ticks_us  # noqa: F401 (the names of this module)


class _Extended:
    def __init__(self):
        self.at = None
        self.count = 0
        self.rest_ms = 0


_uptime = _Extended()


def seconds():
    """Return whole seconds since the first call of this function."""
    now = ticks_ms()
    if _uptime.at is None:
        _uptime.at = now
    rest_ms = _uptime.rest_ms + ticks_diff(now, _uptime.at)
    _uptime.at = now
    _uptime.count += rest_ms // 1000
    _uptime.rest_ms = rest_ms % 1000
    return _uptime.count
