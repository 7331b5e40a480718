"""Requests byte by byte: what is read, what is refused with which status, and that nothing stays behind in memory."""

import gc
from http import routes
from http.request import Rejected, Request

WANTED = ("host", "content-length", "origin")


class Wire:
    """A stream that gives its bytes in pieces of one size, then ends."""

    def __init__(self, data, size):
        self.rest = data
        self.size = size

    async def readinto(self, buffer):
        count = min(self.size, len(self.rest), len(buffer))
        buffer[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count


def run(coroutine):
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        return end.value


def nothing(*_):
    pass


def read(data, size=512):
    """Return the request whose head has been read."""
    request = Request(Wire(data, size), WANTED, nothing, nothing)
    run(request.read_head())
    return request


def refused(data):
    """Return (status, field) of the refusal, or None."""
    try:
        run(read(data).body())
    except Rejected as e:
        return e.status, e.field
    return None


def get(target):
    return b"GET " + target + b" HTTP/1.1\r\n\r\n"


def test_a_request_is_read_whatever_pieces_it_comes_in():
    data = b"POST /a%20b?c=%2F HTTP/1.1\r\nHOST: me\r\nCookie: x\r\ncontent-length:  5 \r\n\r\nhello-and-more"
    for size in (1, 2, 7, 512):
        request = read(data, size)
        assert (request.method, request.path, request.query) == ("POST", "/a b", "c=%2F")
        assert request.headers == {"host": "me", "content-length": "5"}
        assert (request.length, bytes(run(request.body())), request.left) == (5, b"hello", 0)


def test_a_bare_line_feed_ends_a_line_too():
    assert read(b"GET / HTTP/1.0\nHost: me\n\n").headers == {"host": "me"}


def test_each_wrong_request_has_its_status():
    """Proves: REL-1+"""
    for data, status, field in (
        (b"", 400, "request"),
        (b"GET / HTTP/1.1\r\nHost: x", 400, "request"),
        (b"\r\n\r\n", 400, "request"),
        (b"GET  / HTTP/1.1\r\n\r\n", 400, "request"),
        (b"GET / HTTP/2.0\r\n\r\n", 400, "request"),
        (b"G3T / HTTP/1.1\r\n\r\n", 400, "request"),
        (b"BREW / HTTP/1.1\r\n\r\n", 501, "method"),
        (b"get / HTTP/1.1\r\n\r\n", 501, "method"),
        (b"HEAD GET / HTTP/1.1\r\n\r\n", 400, "request"),
        (b"GET /" + b"a" * 1024 + b" HTTP/1.1\r\n\r\n", 414, "line"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 1024 + b"\r\n\r\n", 431, "line"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 41 + b"\r\n", 431, "headers"),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 600 + b"\r\n") * 7 + b"\r\n", 431, "headers"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, "host"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "headers"),
        (b"GET / HTTP/1.1\r\n folded: a\r\n\r\n", 400, "headers"),
        (b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", 400, "host"),
        (b"GET / HTTP/1.1\r\nnothing\r\n\r\n", 400, "headers"),
        (b"POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello", 400, "content-length"),
        (b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400, "content-length"),
        (b"POST / HTTP/1.1\r\nContent-Length: 123456789\r\n\r\n", 400, "content-length"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411, "content-length"),
        (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nfour", 400, "request"),
    ):
        assert refused(data) == (status, field), (data[:60], refused(data))


def test_forty_headers_and_a_line_of_1024_bytes_are_taken():
    assert refused(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 39 + b"\r\n") is None
    assert refused(b"GET /" + b"a" * (1024 - 16) + b" HTTP/1.1\r\n\r\n") is None


def test_an_address_is_decoded_and_hides_nothing():
    for target, path in (
        (b"/", "/"),
        (b"/%41%e2%82%ac", "/A\u20ac"),
        (b"/a+b?%41", "/a+b"),
        (b"/%2e%2e/x", "/../x"),  # no row of a table has such a path
    ):
        assert read(get(target)).path == path
    for target in (
        b"*",
        b"x",
        b"http://a/",
        b"%2Fx",
        b"/a%2fb",
        b"/%00",
        b"/%0a",
        b"/%",
        b"/%4",
        b"/%zz",
        b"/?%",
        b"/%+1",
    ):
        assert refused(get(target)) == (400, "address"), target
    for target in (b"/%ff", b"/%c0%80", b"/%ed%a0%80", b"/\xc3\xa4", b"/?\xff", b"/\x7f"):  # no UTF-8, or no ASCII
        assert refused(get(target)) == (400, "address"), target


def test_a_long_body_comes_in_pieces_and_is_never_whole():
    request = read(b"PUT / HTTP/1.1\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)
    pieces = []
    piece = run(request.piece())
    while piece:
        pieces.append(len(piece))
        piece = run(request.piece())
    assert max(pieces) <= 512 and sum(pieces) == 5000


def test_what_is_left_of_a_refused_upload_is_taken_up_to_64_kib():
    wire = Wire(b"PUT / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 80000, 512)
    hurried = []
    request = Request(wire, WANTED, nothing, hurried.append)
    run(request.read_head())
    run(request.discard())
    assert (len(wire.rest), hurried) == (13996, [1000])  # 44 bytes of head in the first 512


def test_no_request_leaves_anything_in_memory():
    def ask(n):
        for data in (
            get(b"/%%c3%%a4%d" % n),
            b"POST /%d HTTP/1.1\r\nHost: h%d\r\nContent-Length: 2\r\n\r\n%02d" % (n, n, n % 99),
        ):
            run(read(data).body())
        refused(get(b"/%%%d\xff" % n))
        refused(b"GET / HTTP/1.1\r\nX%d\r\n\r\n" % n)

    for n in range(20):
        ask(n)
    gc.collect()
    before = gc.mem_alloc()
    for n in range(200):
        ask(n)
    gc.collect()
    assert abs(gc.mem_alloc() - before) < 512, gc.mem_alloc() - before


# -- routes ---------------------------------------------------------------------------


TABLE = (
    ("GET", "/", "start", 0),
    ("POST", "/", "make", 10),
    ("GET", "/unit/*/read", "read", 0),
    ("DELETE", "/unit/*", "drop", 0),
)


def found(method, path, length=0):
    try:
        return routes.find(TABLE, method, path, length)
    except Rejected as e:
        return e.status, e.headers.get("Allow")


def test_a_table_finds_the_handler_and_what_stands_for_a_star():
    assert found("GET", "/") == ("start", ())
    assert found("HEAD", "/") == ("start", ())
    assert found("POST", "/", 10) == ("make", ())
    assert found("GET", "/unit/5/read") == ("read", ("5",))
    assert found("DELETE", "/unit/a b") == ("drop", ("a b",))


def test_what_no_row_is_for_has_its_status():
    assert found("GET", "/other") == found("GET", "/unit//read") == found("GET", "/unit/5/read/") == (404, None)
    for part in ("", ".", ".."):
        assert found("DELETE", "/unit/" + part) == (404, None)
    assert found("PUT", "/") == (405, "GET, POST")
    assert found("HEAD", "/unit/5") == (405, "DELETE")
    assert found("POST", "/", 11) == (413, None)
    assert found("GET", "/", 1) == (413, None)
