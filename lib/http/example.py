"""A page, a greeting by name, a note of at most 200 bytes, and an upload whose bytes are counted: nothing is kept whole.

    MICROPYPATH=lib:.frozen micropython -m http.example [ADDRESS [PORT]]
Try: curl -i 127.0.0.1:8080/hello/you; curl -T FILE 127.0.0.1:8080/count
"""

import asyncio
import sys
from http import routes
from http.server import Server, Site

PAGE = "Hello. Ask for /hello/NAME, PUT a text to /note, any file to /count.\n"


class Example(Site):
    def __init__(self):
        self.note = b"nothing yet"
        self.table = (
            ("GET", "/", self.page, 0),
            ("GET", "/hello/*", self.hello, 0),
            ("GET", "/note", self.read, 0),
            ("PUT", "/note", self.write, 200),
            ("PUT", "/count", self.count, 10_000_000),
        )

    async def answer(self, request):
        handler, parts = routes.find(self.table, request.method, request.path, request.length)
        return await handler(request, *parts)

    async def page(self, request):
        return 200, {"Content-Type": "text/plain"}, PAGE

    async def hello(self, request, name):
        return 200, {}, ("Hello, ", name, "\n")  # in pieces: such a body may be longer than memory

    async def read(self, request):
        return 200, {}, self.note + b"\n"

    async def write(self, request):
        self.note = bytes(await request.body())
        return 200, {}, "kept\n"

    async def count(self, request):
        request.expect_upload()
        while await request.piece():
            pass
        return 200, {}, "%d bytes\n" % request.length


async def main(address="127.0.0.1", port=8080):
    server = Server(address, int(port), Example())
    print("ready")
    while True:
        server.step()
        await asyncio.sleep_ms(10)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
