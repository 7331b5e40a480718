"""Tries a broker that a person typed, beside the session that runs. In memory only meanwhile."""

import asyncio

from micropython import const
from mqtt.client import MQTTClient
from mqtt.errors import MQTTException, ProtocolError, in_words
from mqtt.link import is_address
from parts import Part

_LONGEST_MS = const(6000)  # a page waits 8 s


async def run(state, open_address, host, port, user, password):
    """Return why a broker does not let us in, in words, "" if it does. Beside a session that runs; some seconds at most.

    open_address: the uplink's, for the way to an address.
    """

    async def way(server, port, timeout_ms, beat):
        address = server if is_address(server) else await _address(server, state.name_servers or (), beat)
        return await open_address(address, port, timeout_ms, beat)

    client = MQTTClient("bridge-%s-trial" % state.sn, host, port, user or None, password or None, stream=way)
    try:
        await asyncio.wait_for_ms(client.connect(), _LONGEST_MS)
    except asyncio.TimeoutError:
        return "the broker does not answer"
    except (OSError, ProtocolError, MQTTException) as e:
        return in_words(e)
    await client.disconnect()
    return ""


async def _address(name, servers, beat):
    with Part("resolver", "resolver") as resolver:
        return await resolver.Resolver(("", "")).address(name, servers, beat)
