"""What opens a connection is in memory only until it is open."""

import sys

from mqtt.client import MQTTClient
from mqtt_script import Broker


async def raises(kind, awaitable):
    """Fail unless awaiting raises this kind."""
    try:
        await awaitable
    except kind:
        return
    raise AssertionError("no " + kind.__name__)


async def test_what_opens_a_way_is_gone_before_the_callers_own_way_is_asked_for():
    """So its name can be looked up in the same memory; and a login that cannot be made leaves no way open."""
    asked = []

    async def way(server, port, timeout_ms, beat):
        asked.append("mqtt.opening" in sys.modules)
        return await Broker().open_stream(server, port, timeout_ms, beat)

    await MQTTClient("bridge", "192.0.2.1", stream=way).connect()
    assert asked == [False]
    await raises(ValueError, MQTTClient("bridge", "192.0.2.1", password="p", stream=way).connect())
    assert asked == [False]
