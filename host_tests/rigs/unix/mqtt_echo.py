"""The MQTT client as a process of its own, for tests against real brokers: sends back what it hears.

    micropython mqtt_echo.py PORT [name=value ...]

Whatever arrives under bridge/to/... is published under bridge/from/... with the same payload and QoS (`qos`), "leave"
makes it disconnect. Prints a line whenever its connection changes, and the longest time that a turn of the loop took.
"""

import asyncio
import sys

from clock import ticks_diff, ticks_ms
from mqtt.client import MQTTClient


def _robbed_ms():
    """Return for how long this process was ready to run so far and another one had the processor, where Linux tells."""
    try:
        with open("/proc/self/schedstat") as f:
            return int(f.read().split()[1]) // 1000000
    except OSError:
        return 0


class Echo:
    def __init__(self, port, options):
        self.client = MQTTClient(
            options.get("id", "bridge"),
            options.get("server", "127.0.0.1"),
            int(port),
            options.get("user"),
            options.get("password"),
            keepalive=int(options.get("keepalive", 30)),
            queue=(200, 65536),
        )
        self.client.set_callback(self.hear, self.complain, self.greet)
        self.client.set_last_will("bridge/status", "offline", True, 1)
        self.client.subscribe("bridge/to/#", 1)
        if "last_id" in options:
            self.client._last_id = int(options["last_id"])
        self.shown = None
        self.leaving = False
        self.ticked_at = ticks_ms()

    def hear(self, topic, payload, retained):
        qos = 1 if "qos1" in topic else 0
        if payload == b"leave":
            self.leaving = True
        elif topic.endswith("large"):
            self.client.publish("bridge/from/large", b"x" * int(payload), qos=1)
        else:
            self.client.publish("bridge/from" + topic[9:] + ("/retained" if retained else ""), payload, qos=qos)

    def complain(self, topic, size):
        self.client.publish("bridge/from/oversize", "%s %d" % (topic, size), qos=1)

    def greet(self, session_present):
        self.client.publish("bridge/status", "online", True, 1, latest=True)

    def beat(self):
        seen = (self.client.connected, self.client.last_error)
        if seen != self.shown:
            self.shown = seen
            print("connected" if seen[0] else "lost", seen[1])

    async def count(self):
        """Queue a numbered message now and then, connection or not."""
        n = 0
        while True:
            n += 1
            self.client.publish("bridge/from/number", str(n), qos=1)
            await asyncio.sleep_ms(500)

    async def watch(self):
        """Print how long the loop was held up, when it was longer than ever before; other programs do not count."""
        longest_ms = 0
        while True:
            at, robbed_ms = ticks_ms(), _robbed_ms()
            await asyncio.sleep_ms(5)
            late_ms = ticks_diff(ticks_ms(), at) - 5 - (_robbed_ms() - robbed_ms)
            if late_ms > longest_ms:
                longest_ms = late_ms
                print("late_ms", late_ms)

    async def leave(self):
        while not self.leaving:
            await asyncio.sleep_ms(20)
        await self.client.disconnect()


async def main(port, *options):
    options = dict(option.split("=", 1) for option in options)
    echo = Echo(port, options)
    others = [echo.leave(), echo.watch()]
    if "count" in options:
        others.append(echo.count())
    tasks = [asyncio.create_task(other) for other in others]
    await echo.client.run(echo.beat)
    for task in tasks:
        task.cancel()
    print("left")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
