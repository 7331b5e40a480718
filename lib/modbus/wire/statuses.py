"""What the statuses of rtu.check mean. Source of the exceptions: Modbus Application Protocol V1.1b3, chapter 7."""

_NAMES = ("ok", "silent", "short", "bad CRC", "wrong unit", "wrong function", "wrong count")
_EXCEPTIONS = (
    (1, "illegal function"),
    (2, "illegal data address"),
    (3, "illegal data value"),
    (4, "device failure"),
    (5, "acknowledge"),
    (6, "device busy"),
    (8, "memory parity error"),
    (10, "gateway path unavailable"),
    (11, "gateway target failed to respond"),
)


def words(status):
    """Return a status in words: 0 good, below 0 what is wrong with a reply, above 0 the slave's exception code."""
    if status <= 0:
        return _NAMES[-status]
    for code, text in _EXCEPTIONS:
        if code == status:
            return "exception %d, %s" % (code, text)
    return "exception %d" % status
