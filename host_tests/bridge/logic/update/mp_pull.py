# What is said between the bridge and a web server.
from bridge.logic.update import pull


def test_an_address_is_taken_apart_or_is_none():
    assert pull.place("http://192.0.2.1:8000/new.bundle") == ("192.0.2.1", 8000, "/new.bundle")
    assert pull.place("http://house.lan/a/b?c=d") == ("house.lan", 80, "/a/b?c=d")
    assert pull.place("http://house.lan") == ("house.lan", 80, "/")
    for wrong in ("", "https://x/y", "ftp://x", "http://", "http:///x", "http://h:0/", "http://h:99999/", "http://h:x/",
                  "http://a@b/", "http://a b/", "http://a/\r\nX: 1", "http://a/\u00e4", "http://a..b/", "http://" + "a" * 64 + ".lan/", "http://a/" + "x" * 200, 5, None):  # fmt: skip
        assert pull.place(wrong) is None, wrong


def test_a_question_names_the_host_and_the_range():
    asked = pull.question("192.0.2.1", 8000, "/x", 100, 50)
    assert asked == (b"GET /x HTTP/1.1\r\nHost: 192.0.2.1:8000\r\nRange: bytes=100-149\r\nConnection: close\r\n\r\n")


def test_an_answer_says_where_its_body_begins_and_how_long_it_is():
    read = pull.answer
    assert read(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 100-149/9000\r\ncontent-length: 50") == (
        206,
        100,
        50,
        "",
    )
    assert read(b"HTTP/1.0 200 OK\r\nContent-Length: 9000") == (200, 0, 9000, "")
    assert read(b"HTTP/1.1 302 Found\r\nLocation: http://b/x") == (302, 0, None, "http://b/x")
    assert read(b"HTTP/1.1 206 x\r\nContent-Range: lines 1") == (206, 1, None, "")
    assert read(b"HTTP/1.1 206 x\r\nContent-Range: bytes ?-5/9") == (206, -1, None, "")
    for begin in (b"-5", b" -5/9", b"bytes", b"bytes -5/9", b""):
        assert read(b"HTTP/1.1 206 x\r\nContent-Range: " + begin)[:2] == (206, -1), begin
    assert read(b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/")[3] == ""  # no address, and no fault
    for rubbish in (b"", b"\xff\xfe", b"SSH-2.0", b"HTTP/1.1 abc", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"):
        assert read(rubbish)[0] == 0, rubbish
