"""Measures the gateway: eight clients, one slave at 9600 bps that thinks for 20 ms; and the same line without clients.

Beside it what the documented rules of another gateway, mbusd, allow on that line at best: computed, not run. Its defaults
are 100 ms pause between requests, 500 ms wait for a response, 3 retries, 32 connections (3cky/mbusd, README.md, options
-R, -W, -N, -C; the same in conf/mbusd.conf.example). `python -m bridgectl.figures.gateway` prints JSON lines.
"""

import asyncio
import os
import statistics
import subprocess
import sys

from bridgectl import firmware
from bridgectl.device import build
from bridgectl.figures.say import say

_ROOT = firmware.ROOT
_CLIENTS = 8
_SETTLE_S = 10  # the master learns the slave's pace
_SECONDS = 6
_THINK_MS = 20
_BAUD = 9600
_DEAD_UNIT = 77
_MBUSD_PAUSE_MS, _MBUSD_WAIT_MS, _MBUSD_TRIES = 100, 500, 4
_MBUSD = "bound computed from mbusd's documented defaults (README.md of 3cky/mbusd), not measured"


def _wire_ms(registers):
    """Return the time of one read on the wire: request, think time, reply; 8N1."""
    return (8 + 5 + 2 * registers) * 10_000 / _BAUD + _THINK_MS


def _mbusd_per_s(dead_clients=0):
    """Return the most good reads per second that the pause allows, and the retries for clients of a missing slave."""
    good_ms = _wire_ms(2) + _MBUSD_PAUSE_MS
    dead_ms = 8 * 10_000 / _BAUD + _MBUSD_TRIES * _MBUSD_WAIT_MS + _MBUSD_PAUSE_MS
    good = _CLIENTS - dead_clients
    return 1000 * good / (good * good_ms + dead_clients * dead_ms)


async def _client(port, request, until, loop):
    """Ask the same again and again; return the times of the good replies in ms."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took_ms = []
    try:
        while loop.time() < until:
            began = loop.time()
            writer.write(request)
            head = await reader.readexactly(7)
            pdu = await reader.readexactly(int.from_bytes(head[4:6], "big") - 1)
            if not pdu[0] & 0x80 and loop.time() < until:
                took_ms.append(1000 * (loop.time() - began))
    finally:
        writer.close()
    return took_ms


async def _ask(port, requests, seconds):
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    return [took for took in await asyncio.gather(*(_client(port, r, until, loop) for r in requests)) if took]


def _measure(process, addresses, dead=0, **options):
    """Return (good replies per second of all clients, time of 95 % of them in ms, exchanges on the bus per second)."""
    requests = [process.read_request(address) for address in addresses]
    for n in range(dead):
        requests[n] = process.read_request(addresses[n], unit=_DEAD_UNIT)
    with process.Gateway(think_ms=_THINK_MS, bus="master", **options) as gateway:
        asyncio.run(_ask(gateway.port, requests, _SETTLE_S))
        before = gateway.wire.counts.answers
        took = asyncio.run(_ask(gateway.port, requests, _SECONDS))
        exchanges = gateway.wire.counts.answers - before
    every = [ms for one in took for ms in one]
    return len(every) / _SECONDS, statistics.quantiles(every, n=20)[-1], exchanges / _SECONDS


def _direct(process):
    """Return the reads per second of the master alone on the same line."""
    with process.PtyWire(process.Meter(process.House()), think_ms=_THINK_MS) as wire:
        unix = _ROOT / "host_tests" / "rigs" / "unix"
        path = [unix, _ROOT / "build" / "all" / "host"]
        done = subprocess.run(
            [build.micropython(), str(unix / "direct_poll.py"), wire.path, str(_SECONDS), str(_SETTLE_S)],
            env={**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    return int(done.stdout) / _SECONDS


def main():
    """Print the figures."""
    build.build("host", quiet=True, everything=True)
    sys.path.insert(0, str(_ROOT / "host_tests" / "rigs"))
    import gateway_process as process

    line = f"{_CLIENTS} clients, 2 registers each, {_BAUD} bps, think time {_THINK_MS} ms, paced pseudo-terminal"
    apart = [2 * n for n in range(_CLIENTS)]
    same = [0] * _CLIENTS
    name = f"gateway_transactions_per_s_{_CLIENTS}_clients"

    direct = _direct(process)
    say("gateway_direct_polling_per_s", round(direct, 1), "1/s", "the bridge's master alone on the same line")
    rate, late_ms, bus = _measure(process, apart, freshness_ms=0)
    say(f"{name}_uncached", round(rate, 1), "1/s", f"different registers, nothing kept; {line}")
    say("gateway_uncached_p95_ms", round(late_ms), "ms", "95 % of these were answered within")
    limit = 1000 / (_wire_ms(2) + 3.5 * 10_000 / _BAUD)
    say("gateway_uncached_of_limit", round(rate / limit, 3), "1", f"share of what the wire allows, {limit:.1f} reads/s")
    rate, late_ms, bus = _measure(process, same, freshness_ms=0)
    say(f"{name}_equal", round(rate, 1), "1/s", f"equal reads, joined but nothing kept, {bus:.1f} exchanges/s; {line}")
    rate, late_ms, bus = _measure(process, apart, freshness_ms=1000)
    say(f"{name}_cached", round(rate, 1), "1/s", f"kept for 1000 ms, {bus:.1f} exchanges/s; {line}")
    say("gateway_cached_p95_ms", round(late_ms, 1), "ms", "95 % of these were answered within")
    rate, late_ms, bus = _measure(process, apart, freshness_ms=0, dead=1)
    say(f"{name}_one_dead", round(rate, 1), "1/s", f"good reads of seven while the eighth asks a missing slave; {line}")
    why = f"{_MBUSD}: 1 / ({_wire_ms(2):.1f} ms on the wire + 100 ms pause), no cache; up to 32 clients share it"
    say(f"{name}_uncached_mbusd_bound", round(_mbusd_per_s(), 1), "1/s", why)
    why = f"{_MBUSD}: as above, and 500 ms wait with 3 retries in every eighth request"
    say(f"{name}_one_dead_mbusd_bound", round(_mbusd_per_s(1), 1), "1/s", why)


if __name__ == "__main__":
    main()
