"""Times of the day, in minutes. Pure."""

from micropython import const

_DAY = const(1440)
_FORGET_S = const(172800)  # a clock that nobody has set for two days is not believed


def minute(told, now_s):
    """Return the minute of the day, None if nobody has told it lately. told: (minute, monotonic s when it was) or None."""
    if told is None or now_s - told[1] > _FORGET_S:
        return None
    return (told[0] + (now_s - told[1]) // 60) % _DAY


def within(now, begin, end):
    """Return True from minute begin to before minute end, also over midnight; the same twice is the whole day."""
    return begin <= now < end if begin < end else now >= begin or now < end
