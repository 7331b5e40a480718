"""A broker that drops every connection after 22 s: for what share of an hour the client is connected, as JSON.

On the virtual clock, after ten minutes without a broker, so that its pauses have grown.
"""

import asyncio
import json
from errno import EHOSTUNREACH

from mqtt_script import Pair

_LOOK_MS = 100  # shorter than any pause, or it would be passed over
_LIFE, _LOOKS = 220, 36000


async def share():
    """Return the share of the time in which the client was connected."""
    p = Pair(keepalive=20)
    p.client.subscribe("a")
    p.broker.refuse = EHOSTUNREACH
    await p.start()
    await asyncio.sleep_ms(600_000)
    p.broker.refuse = None
    await asyncio.sleep_ms(61_000)
    connected = lived = 0
    p.broker.keep_packets = False
    for _ in range(_LOOKS):
        del p.broker.streams[:-1]
        if p.client.connected:
            connected += 1
            lived += 1
            if lived >= _LIFE:
                p.broker.hang_up()
                lived = 0
        await asyncio.sleep_ms(_LOOK_MS)
    return connected / _LOOKS


if __name__ == "__main__":
    import virtual_clock

    virtual_clock.start()
    print(json.dumps({"share": asyncio.run(share())}))
