"""The socket of the name server in `dns`: every name leads to one address."""

import errno
import socket

import log
from captive import dns
from micropython import const

_AT_ONCE = const(8)  # queries answered per turn: a flood of them holds up nothing else


class NameServer:
    """A UDP socket on the address that it gives out; whoever owns it calls `step()` often, and `close()` at the end."""

    def __init__(self, address, port):
        """Raises OSError if the port is taken or forbidden."""
        self._address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(socket.getaddrinfo(address, port)[0][-1])
        except OSError:
            self._socket.close()
            raise

    def step(self):
        """Answer the queries that are waiting, a few at most."""
        for _ in range(_AT_ONCE):
            if not self._answer_one():
                return

    def close(self):
        """Close the socket."""
        self._socket.close()

    def _answer_one(self):
        try:
            query, peer = self._socket.recvfrom(dns.LONGEST_QUERY + 1)
        except OSError as e:
            if e.errno != errno.EAGAIN:
                log.warn("name server", str(e))
            return False
        reply = dns.answer(query, self._address)
        if reply:
            self._send(reply, peer)
        return True

    def _send(self, reply, peer):
        try:
            self._socket.sendto(reply, peer)
        except OSError:  # the phone is gone, or no memory in the network stack: it asks again
            pass
