"""Bad clients of the gateway: too many, half a request, floods, no ear for replies, gone without a word.

Each test looks at three things: a good client is served beside them, the bridge's own polling goes on, and the memory is
what it was before. How soon, and that the polls keep their time, is proved on the virtual clock: mp_gateway_attacks.py.
"""

import concurrent.futures
import contextlib
import random
import socket
import time

import pytest
from gateway_process import PATIENT, Gateway, read_request, take_reply
from patience import HANG_S

POLL_MS = 250


@pytest.fixture
def gateway(slot):
    with Gateway(poll_ms=POLL_MS, freshness_ms=200, idle_ms=3000, **PATIENT) as running:
        yield running


def serves(gateway, address=6):
    """Check that a good client gets its reply."""
    with gateway.connect() as sock:
        sock.sendall(read_request(address))
        transaction, unit, pdu = take_reply(sock)
    assert (transaction, unit, pdu[:2]) == (1, 1, b"\x04\x04")


def settled(gateway, clients=0):
    """Wait until only so many clients are left, and return what the gateway tells then."""
    deadline = time.monotonic() + HANG_S
    while True:
        told = gateway.told()
        if told["clients"] <= clients and not told["waiting"]:
            return gateway.told()
        assert time.monotonic() < deadline, told


def unharmed(gateway, before, allowed_bytes=4096):
    """Check that memory is back and that the own polling did not notice."""
    after = settled(gateway)
    assert after["heap"] - before["heap"] < allowed_bytes
    assert after["poll_failures"] == 0
    assert after["polls"] > before["polls"]
    return after


def warmed_up(gateway):
    """Return what the gateway tells once everything has been used once: buffers have their size."""
    for address in range(0, 40, 2):
        serves(gateway, address)
    polls = gateway.told()["polls"]
    while gateway.told()["polls"] < polls + 8:
        pass
    return settled(gateway)


def test_a_hundred_connections_keep_nobody_out(gateway):
    """A good client that polls keeps its place; who only sits there gives way to who comes. Proves: REL-1+"""
    before = warmed_up(gateway)
    good = gateway.connect()
    crowd = []
    for n in range(100):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", gateway.port))
        crowd.append(sock)
        if n % 10 == 0:
            good.sendall(read_request(2 * n, transaction=n))
            assert take_reply(good)[0] == n
    with concurrent.futures.ThreadPoolExecutor() as others:
        waiting = [others.submit(serves, gateway), others.submit(serves, gateway)]
        while not all(w.done() for w in waiting):
            good.sendall(read_request(0, transaction=7))
            assert take_reply(good)[0] == 7
            time.sleep(0.2)
    assert [w.result() for w in waiting] == [None, None]  # whose first knock was not heard is let in at a later one
    assert gateway.told()["clients"] <= 8
    for sock in [*crowd, good]:
        sock.close()
    unharmed(gateway, before)


def test_who_does_not_take_its_replies_is_not_heard_and_then_dropped(gateway):
    before = warmed_up(gateway)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.connect(("127.0.0.1", gateway.port))
    slow.setblocking(False)
    sent = 0
    requests = read_request(0, 60) * 20
    until = time.monotonic() + HANG_S
    dropped = before["dropped"]
    while time.monotonic() < until and gateway.told()["dropped"] == dropped:
        with contextlib.suppress(BlockingIOError, ConnectionResetError):  # the latter once it is dropped
            for _ in range(50):
                sent += slow.send(requests)
        serves(gateway)
    assert gateway.told()["dropped"] > dropped
    slow.close()
    assert sent > 10000
    unharmed(gateway, before)


def test_rubbish_does_no_harm(gateway):
    """Random bytes, random lengths with right heads, resets in the middle. Proves: REL-1+"""
    before = warmed_up(gateway)
    randoms = random.Random(5)
    for n in range(150):
        with gateway.connect() as sock, contextlib.suppress(OSError):
            kind = n % 3
            body = randoms.randbytes(randoms.randrange(1, 254))
            if kind == 0:
                sock.sendall(randoms.randbytes(300))
            else:
                sock.sendall(bytes((0, n, 0, 0, 0, len(body) + 1, randoms.choice((1, 248, 255)))) + body)
            if kind == 2:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            else:
                sock.settimeout(0.05)
                sock.recv(300)
    serves(gateway)
    assert [line for line in gateway.other_lines if "Traceback" in line] == []
    unharmed(gateway, before)


def test_clients_that_use_their_places_keep_them(gateway):
    """Eight that poll; the ninth is turned away at once and does not wait in vain."""
    clients = [gateway.connect() for _ in range(8)]
    for _ in range(3):
        for n, sock in enumerate(clients):
            sock.sendall(read_request(0, transaction=n))
            assert take_reply(sock)[0] == n
        with gateway.connect() as ninth, contextlib.suppress(ConnectionResetError):
            ninth.sendall(read_request(0))
            assert take_reply(ninth) is None
    assert gateway.told()["turned_away"] == 3
    for sock in clients:
        sock.close()
    settled(gateway)
    serves(gateway)


def test_thousands_of_requests_leave_the_memory_flat(gateway):
    """Proves: REL-1+"""
    before = warmed_up(gateway)
    with gateway.connect() as sock:
        for n in range(3000):
            sock.sendall(read_request(0, transaction=n))
            assert take_reply(sock)[0] == n
    after = unharmed(gateway, before, 1024)
    assert after["requests"] - before["requests"] >= 3000
