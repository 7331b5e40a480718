"""A hotspot's page of one line: every name leads here, every phone opens it by itself.

    MICROPYPATH=lib:.frozen micropython -m captive.example [ADDRESS [HTTP_PORT [DNS_PORT [SECONDS]]]]
On a board: open the hotspot, then asyncio.run(main(hotspot_address, 80, 53)).
"""

import asyncio
import sys
from http.server import Server, Site

import clock
from captive import probes
from captive.name_server import NameServer


class Page(Site):
    """Answers a request for its own address with the page, every other one with the way to it."""

    def __init__(self, address, http_port):
        self.address = address
        self.home = probes.redirection(address, http_port)

    async def answer(self, request):
        if request.headers.get("host", "").partition(":")[0].lower() != self.address:
            return 302, {"Location": self.home}, ""
        return 200, {"Content-Type": "text/plain"}, "This is the page.\n"

    def refusal(self, rejected):
        return rejected.status, {}, ""


async def main(address="127.0.0.1", http_port=8080, dns_port=5353, seconds=0):
    names, pages = NameServer(address, dns_port), Server(address, http_port, Page(address, http_port))
    print("ready")
    while not seconds or clock.seconds() < seconds:
        names.step()
        pages.step()
        await asyncio.sleep_ms(10)
    names.close()
    pages.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2], *[int(word) for word in sys.argv[2:]]))
