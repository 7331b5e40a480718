"""A gateway as a process of its own, for tests with real clients and a real line; prints a line of JSON now and then.

micropython gateway_host.py TTY PORT [name=number ...] [writers=127.0.0.1] [bus=master]

The bus is a thin one that has no pace of its own to learn, or with bus=master the bridge's own, without polls.
"""

import asyncio
import gc
import json
import socket
import sys

from clock import ticks_diff, ticks_ms
from forwarding_bus import ForwardingBus
from line import Line
from modbus.gateway.gateway import COUNT_NAMES, Gateway
from modbus.gateway.tcp_server import Server

_SAY_MS = 250
_SO_SNDBUF = 7


async def say(bus, gateway, server):
    longest_ms = 0
    next_at = ticks_ms()
    while True:
        at = ticks_ms()
        await asyncio.sleep_ms(5)
        longest_ms = max(longest_ms, ticks_diff(ticks_ms(), at) - 5)
        if ticks_diff(ticks_ms(), next_at) < _SAY_MS:
            continue
        next_at = ticks_ms()
        told = dict(zip(COUNT_NAMES, gateway.counts))
        told.update(clients=server.clients(), accepted=server.accepted, dropped=server.dropped)
        told.update(turned_away=server.turned_away, waiting=gateway.waiting(), held_up_ms=longest_ms)
        if isinstance(bus, ForwardingBus):
            told.update(polls=bus.polls, poll_failures=bus.poll_failures, longest_gap_ms=bus.longest_gap_ms)
        gc.collect()
        told["heap"] = gc.mem_alloc()
        print(json.dumps(told))


async def main(tty, port, *options):
    options = dict([option.split("=", 1) for option in options])

    def number(name, default):
        return int(options.get(name, default))

    baud = number("baud", 9600)
    line = Line(tty, baud, "N")
    if options.get("bus") == "master":
        from modbus.master.master import Master

        bus = Master(line, baud, "N")
        running = bus.run(lambda: None)
    else:
        bus = ForwardingBus(line, baud, "N", number("reply_ms", 300), number("poll_ms", 0))
        running = bus.run()
    gateway = Gateway(lambda: bus, number("freshness_ms", 500), number("deadline_ms", 1500))
    bus.tap = gateway.overheard
    writers = tuple(options.get("writers", "").split(","))
    server = Server(gateway, "127.0.0.1", int(port), number("idle_ms", 60000), number("places", 8), writers)
    # A chip's stack keeps a few kB for a slow client, not megabytes.
    server._socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUF, 4096)
    tasks = [asyncio.create_task(running), asyncio.create_task(say(bus, gateway, server))]
    print("ready")
    await server.run(lambda: None)
    return tasks


asyncio.run(main(*sys.argv[1:]))
