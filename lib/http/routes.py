"""Which handler a request is for, by a table. Pure.

A row is (method, path, handler, most): path is exact, but for `*`, which stands for one part between slashes and is handed
to the handler; most: bytes of the longest body. `async def handler(request, *parts)` returns (status, headers, body).
A row for GET serves HEAD too.
"""

from http.request import Rejected


def parts(pattern, path):
    """Return what stands for each `*` of a pattern in a path, as a tuple, or None if it is another path."""
    if "*" not in pattern:
        return () if pattern == path else None
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    found = []
    for want, part in zip(wanted, given):
        if want == "*":
            if part in ("", ".", ".."):
                return None
            found.append(part)
        elif want != part:
            return None
    return tuple(found)


def find(table, method, path, length):
    """Return (handler, what stands for each *); length: of the body. Raises Rejected with 404, 405 or 413."""
    allowed = []
    for known, pattern, handler, most in table:
        found = parts(pattern, path)
        if found is None:
            continue
        if known == ("GET" if method == "HEAD" else method):
            if length > most:
                raise Rejected(413, "content-length", "must be at most %d" % most)
            return handler, found
        allowed.append(known)
    if allowed:
        raise Rejected(405, "method", "must be " + " or ".join(allowed), {"Allow": ", ".join(allowed)})
    raise Rejected(404, "address", "is unknown")
