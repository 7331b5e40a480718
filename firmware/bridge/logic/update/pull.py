"""What is said between the bridge and a web server that a bundle lies on. Pure; in memory only while one comes in."""

from micropython import const

_LONGEST_URL = const(200)
_LONGEST_LABEL = const(63)  # of a host name, RFC 1035
_SCHEME = "http://"


def place(url):
    """Return (host, port, path) of an address such as http://192.0.2.1:8000/new.bundle, None if it is none of these."""
    if not isinstance(url, str) or len(url) > _LONGEST_URL or not url.startswith(_SCHEME):
        return None
    host, slash, path = url[len(_SCHEME) :].partition("/")
    name, colon, port = host.partition(":")
    good = all([0x20 < c < 0x7F for c in url.encode()]) and name and "@" not in host
    good = good and all([0 < len(label) <= _LONGEST_LABEL for label in name.split(".")])
    if not good or (colon and not (port.encode().isdigit() and 0 < int(port) < 65536)):
        return None
    return name, int(port) if colon else 80, slash + path or "/"


def question(host, port, path, start, count):
    """Return the request (bytes) for `count` bytes of a file from `start` on."""
    where = host if port == 80 else "%s:%d" % (host, port)
    text = "GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%d-%d\r\nConnection: close\r\n\r\n"
    return (text % (path, where, start, start + count - 1)).encode()


def answer(head):
    """Return (status, where in the file its body begins, bytes of the body or None, new address or "") of an answer's head.

    head: bytes up to the empty line. Status 0: it is none that is understood.
    """
    lines = head.split(b"\r\n")
    words = lines[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        return 0, 0, None, ""
    status, start, count, moved = int(words[1]), 0, None, ""
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"content-length" and value.isdigit() and len(value) < 9:
            count = int(value)
        elif name == b"location":
            moved = value.decode() if all([c < 0x80 for c in value]) else ""
        elif name == b"content-range":
            begin = value.partition(b"-")[0].partition(b" ")[2].strip()
            start = int(begin) if begin.isdigit() and len(begin) < 9 else -1
        elif name == b"transfer-encoding":
            return 0, 0, None, ""  # nobody asks a file in pieces of unknown length
    return status, start, count, moved
