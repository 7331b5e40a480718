"""The DNS client: what it asks, what it takes for an answer, and what it does when nobody answers."""

import socket

from mqtt.link import is_address
from resolver import NoSuchName, Resolver, answer, question

ASKED = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06broker\x03lan\x00\x00\x01\x00\x01"
TOLD = b"\x12\x34\x81\x80\x00\x01\x00\x02\x00\x00\x00\x00" + ASKED[12:]
ALIAS = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x07\x04mqtt\xc0\x13"
ADDRESS = b"\x04mqtt\xc0\x13\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07"


def test_the_question_is_that_of_the_standard():
    assert question("broker.lan", 0x1234) == ASKED
    assert question("broker.lan.", 0x1234) == ASKED


def test_a_bad_name_is_refused():
    for name in ("", "a..b", "x" * 64, ".".join(["abcdefgh"] * 30)):
        try:
            question(name, 1)
        except ValueError:
            continue
        raise AssertionError(name)


def test_the_address_is_found_behind_an_alias_whatever_the_case_of_the_name():
    assert answer(ASKED, TOLD + ALIAS + ADDRESS) == "192.0.2.7"
    assert answer(ASKED, TOLD.replace(b"broker", b"BROKER") + ALIAS + ADDRESS) == "192.0.2.7"


def test_what_does_not_answer_this_question_is_passed_over():
    good = TOLD + ALIAS + ADDRESS
    for bad in (b"\x12\x35" + good[2:], good.replace(b"broker", b"brake!"), ASKED, b"", good[: len(TOLD)]):
        assert answer(ASKED, bad) is None


def test_a_name_that_does_not_exist_is_told():
    try:
        answer(ASKED, b"\x12\x34\x81\x83" + ASKED[4:])
    except NoSuchName:
        return
    raise AssertionError


def test_no_damaged_or_cut_answer_does_harm():
    """Proves: REL-1+"""
    good = TOLD + ALIAS + ADDRESS
    for end in range(len(good)):
        assert answer(ASKED, good[:end]) is None
    for at in range(12, len(good)):
        for value in (0, 0x3F, 0xC0, 0xFF):
            told = good[:at] + bytes((value,)) + good[at + 1 :]
            found = answer(ASKED, told)
            assert found is None or is_address(found)


def test_addresses_are_told_from_names():
    assert is_address("192.0.2.7") and is_address("0.0.0.0")
    for name in ("192.0.2", "192.0.2.256", "a.b.c.d", "broker", "1.2.3.4.5", "1..2.3", ""):
        assert not is_address(name)


class _Server:
    """A name server on loopback: gives each question to `reply` and sends what that returns."""

    def __init__(self, reply):
        self.asked = 0
        self._reply = reply
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for self.port in range(24000, 24400):
            try:
                self._sock.bind(socket.getaddrinfo("127.0.0.1", self.port)[0][-1])
                break
            except OSError:
                pass
        self._sock.setblocking(False)

    def beat(self):
        try:
            told, sender = self._sock.recvfrom(512)
        except OSError:
            return
        self.asked += 1
        reply = self._reply(told)
        if reply:
            self._sock.sendto(reply, sender)


def _address(asked):
    return asked[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + asked[12:] + b"\xc0\x0c" + ADDRESS[7:]


async def test_an_address_is_asked_for_once_and_remembered_over_an_outage_of_the_name_servers():
    """Proves: NET-3+"""
    silent = []
    server = _Server(lambda asked: None if silent else _address(asked))
    r = Resolver()
    assert await r.address("broker.lan", ("127.0.0.1",), server.beat, server.port) == "192.0.2.7"
    silent.append(True)
    r = Resolver(r.known())  # what asked the next time knows only that
    assert await r.address("broker.lan", ("127.0.0.1",), server.beat, server.port) == "192.0.2.7"
    assert server.asked == 4  # three rounds in vain
    try:
        await r.address("other.lan", ("127.0.0.1",), server.beat, server.port)
    except OSError as e:
        assert e.args[1] == "no name server answers"
        return
    raise AssertionError


async def test_a_forged_answer_is_not_taken_and_the_next_server_is_asked():
    liar = _Server(lambda asked: b"\x00\x00" + _address(asked)[2:] if asked[:2] != b"\x00\x00" else None)
    try:
        await Resolver().address("broker.lan", ("127.0.0.1",), liar.beat, liar.port)
    except OSError as e:
        assert e.args[1] == "no name server answers" and liar.asked == 3
        return
    raise AssertionError


async def test_the_loop_is_never_kept_while_nobody_answers():
    beats = []
    try:
        await Resolver().address("broker.lan", ("127.0.0.1",), lambda: beats.append(1), 9)
    except OSError:
        pass
    assert len(beats) >= 3
