"""Every client of the gateway gets its share, whatever the others do: real sockets, a real line, nothing kept."""

import contextlib
import selectors
import socket
import time

import pytest
from gateway_process import Gateway, read_request, take_reply

_SECONDS = 6


class Asker:
    """One client that reads registers of its own, two at a time, in a loop with others (see `share`).

    number: which client of eight; ahead: requests that it sends without waiting for replies; 0 = as many as the socket
    takes.
    """

    def __init__(self, gateway, number, ahead=1, unit=1, function=4):
        self.sock = gateway.connect()
        self.good = self.refused = 0
        self.longest_s = 0
        self._requests = [read_request(2 * number + 16 * n, unit=unit, function=function) for n in range(5)]
        self._ahead = ahead
        self._open = 0
        self._rest = b""
        self._came = b""
        self._at = time.monotonic()

    def ask(self):
        """Send what may be sent."""
        with contextlib.suppress(BlockingIOError):
            while self._rest or not self._ahead or self._open < self._ahead:
                if not self._rest:
                    self._rest = self._requests[0] if self._ahead else b"".join(self._requests)
                    self._open += 1
                    self._at = time.monotonic() if self._ahead == 1 else self._at
                self._rest = self._rest[self.sock.send(self._rest) :]

    def take(self):
        """Count the replies that came."""
        self._came += self.sock.recv(65536)
        while len(self._came) >= 9:
            length = 6 + self._came[5]
            if len(self._came) < length:
                break
            if self._came[7] & 0x80:
                self.refused += 1
            else:
                self.good += 1
            now = time.monotonic()
            self.longest_s = max(self.longest_s, now - self._at)
            self._at = now
            self._open -= 1
            self._came = self._came[length:]


def share(askers, seconds=_SECONDS, meanwhile=lambda: None):
    """Let them ask for some seconds, and return the good replies that each got."""
    with selectors.DefaultSelector() as selector:
        for asker in askers:
            asker.sock.setblocking(False)
            selector.register(asker.sock, selectors.EVENT_READ, asker)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for asker in askers:
                asker.ask()
            for key, _ in selector.select(0.01):
                key.data.take()
            meanwhile()
    for asker in askers:
        asker.sock.close()
    return [asker.good for asker in askers]


def test_eight_clients_get_equal_shares_of_the_bus(slot):
    """Four send as fast as they can, four wait for each reply; all want other registers. Proves: COM-8+, NET-6+"""
    for _ in range(2):  # a machine that is busy with other tests may keep an asker from asking: once more then
        with Gateway(think_ms=2, freshness_ms=0) as gateway:
            askers = [Asker(gateway, n, ahead=n % 2) for n in range(8)]
            good = share(askers)
            told = gateway.told()
        if max(good) <= 1.5 * min(good):
            break
    assert sum(good) > 25 * _SECONDS and max(good) <= 1.5 * min(good), good
    assert [asker.refused for asker in askers] == [0] * 8 and told["refused"] == told["late"] == 0
    assert max(asker.longest_s for asker in askers) < 1


def test_of_two_clients_the_one_that_asks_ahead_gets_no_more(slot):
    with Gateway(think_ms=2, freshness_ms=0) as gateway:
        good = share([Asker(gateway, 0, ahead=0), Asker(gateway, 7)], 4)
    assert max(good) <= 1.5 * min(good), good


def test_the_bridges_own_master_gives_equal_shares_and_the_whole_line(slot):
    """Once it has learned the slave's pace; one of the eight asks a slave that is not there. Proves: COM-8+, COM-9+"""
    with Gateway(think_ms=20, freshness_ms=0, bus="master") as gateway:
        askers = [Asker(gateway, n, ahead=n % 2, unit=1 if n else 77) for n in range(8)]
        learning = []
        began = time.monotonic()

        def note():
            if not learning and time.monotonic() - began > 8:
                learning.extend(asker.good for asker in askers)

        share(askers, 14, note)
    good = [asker.good - before for asker, before in zip(askers, learning, strict=True)][1:]
    assert sum(good) > 0.8 * 6 * 24 and max(good) <= 1.5 * min(good), good


def test_requests_that_cost_no_bus_take_no_more_than_their_share_of_the_processor(slot):
    """Seven send what is refused at once, as fast as they can; the eighth reads. Proves: REL-1+"""
    for _ in range(
        3
    ):  # the reader is in this process too: one that was kept from asking is no proof, so once more then
        with Gateway(think_ms=2, freshness_ms=0, poll_ms=250, reply_ms=800) as gateway:
            before = gateway.told()
            flood = [Asker(gateway, 0, ahead=0, function=7 if n % 2 else 3, unit=1 if n % 2 else 250) for n in range(7)]
            good = Asker(gateway, 7)
            share([*flood, good])
            told = gateway.told()
        if good.good > 15 * _SECONDS:
            break
    assert good.good > 15 * _SECONDS and good.longest_s < 0.5
    refused = [asker.refused for asker in flood]
    assert max(refused) <= 1.5 * min(refused)
    assert told["requests"] - before["requests"] < 2000 * (_SECONDS + 1)  # 16 in 10 ms
    assert told["held_up_ms"] < 200 and told["poll_failures"] == 0 and told["longest_gap_ms"] < 650


@pytest.mark.parametrize("at_once", [1, 20])
def test_who_comes_and_goes_all_the_time_takes_no_turns_from_others(slot, at_once):
    """One asks once a connection and closes it, sooner or later; six read. Proves: COM-8+, REL-1+"""
    with Gateway(think_ms=2, freshness_ms=0, poll_ms=250, reply_ms=800) as gateway:
        good = [Asker(gateway, n) for n in range(6)]
        for asker in good:
            asker.ask()
        storm = []

        def blow():
            if len(storm) >= at_once:
                storm.pop(0).close()
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", gateway.port))
            storm.append(sock)
            for one in storm:
                with contextlib.suppress(OSError):
                    one.send(read_request(0x46))

        counts = share(good, meanwhile=blow)
        told = gateway.told()
        for sock in storm:
            sock.close()
    assert told["accepted"] + told["turned_away"] > 20 * _SECONDS
    assert sum(counts) > 15 * _SECONDS and max(counts) <= 1.5 * min(counts), (counts, told)
    assert max(asker.longest_s for asker in good) < 1
    assert told["poll_failures"] == 0 and told["longest_gap_ms"] < 650


def test_who_never_takes_a_reply_is_no_burden(slot):
    """Once its replies pile up it is not heard, its requests stop, it is dropped; the others notice nothing."""
    with Gateway(think_ms=2, freshness_ms=0) as gateway:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", gateway.port))
        deaf.setblocking(False)
        requests = read_request(0, 60) * 40

        def shout():
            with contextlib.suppress(OSError):
                deaf.send(requests)

        askers = [Asker(gateway, n) for n in range(1, 7)]
        good = share(askers, 12, shout)
        told = gateway.told()
        asked_by_deaf = sum(x.request[4:6] == b"\0\x3c" for x in gateway.wire.exchanges)
        deaf.close()
    assert told["dropped"] == 1 and asked_by_deaf < 120  # 127 bytes each, until the buffers on the way were full
    assert max(good) <= 1.5 * min(good), good
    assert max(asker.longest_s for asker in askers) < 1, told


def test_a_client_that_waits_for_its_share_loses_nothing(slot):
    """Forty requests in one piece are all answered in their order, and none is refused."""
    with Gateway(think_ms=2, freshness_ms=0) as gateway, gateway.connect() as sock:
        sock.sendall(b"".join(read_request(2 * (n % 20), transaction=n) for n in range(40)))
        replies = [take_reply(sock) for _ in range(40)]
    assert [transaction for transaction, _, _ in replies] == list(range(40))
    assert {pdu[:2] for _, _, pdu in replies} == {b"\x04\x04"}
