"""A hotspot's page of one line: every name leads here, every phone opens it by itself.

    MICROPYPATH=lib:.frozen micropython -m captive.example [ADDRESS [HTTP_PORT [DNS_PORT [SECONDS]]]]
On a board: open the hotspot, then asyncio.run(main(hotspot_address, 80, 53)).
"""

import asyncio
import sys

import clock
from captive import probes
from captive.name_server import NameServer
from captive.server import Server
from captive.streams import Rejected

_PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nThis is the page.\n"


class Portal:
    """Answers a request for its own address with the page, every other one with the way to it."""

    def __init__(self, address, http_port):
        self.address = address
        self.elsewhere = b"HTTP/1.0 302 Found\r\nLocation: %s\r\n\r\n" % probes.redirection(address, http_port).encode()

    async def converse(self, incoming, outgoing, place):
        try:
            host = await self.host(incoming)
        except Rejected as e:
            await outgoing.awrite(b"HTTP/1.0 %d Refused\r\n\r\n" % e.status)
            return
        place.answering()
        await outgoing.awrite(_PAGE if host == self.address else self.elsewhere)

    async def host(self, incoming):
        """Return the host that is asked, without port."""
        host = ""
        line = await incoming.readline()  # GET / HTTP/1.1
        while line not in (b"\r\n", b"\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"host":
                host = value.strip().partition(b":")[0].decode().lower()
            line = await incoming.readline()
        return host


async def main(address="127.0.0.1", http_port=8080, dns_port=5353, seconds=0):
    portal = Portal(address, http_port)
    names, pages = NameServer(address, dns_port), Server(address, http_port, (), portal.converse)
    print("ready")
    while not seconds or clock.seconds() < seconds:
        names.step()
        pages.step()
        await asyncio.sleep_ms(10)
    names.close()
    pages.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2], *[int(word) for word in sys.argv[2:]]))
