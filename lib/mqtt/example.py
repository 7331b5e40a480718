"""Publishes a counter once a second, obeys commands, and survives any outage.

    micropython example.py [SERVER [PORT [SECONDS]]]

Try: mosquitto_sub -v -t 'example/#'   and   mosquitto_pub -t example/set -m 100
"""

import asyncio
import sys

from clock import ticks_add, ticks_diff, ticks_ms
from mqtt.client import MQTTClient


class Counter:
    def __init__(self, client):
        self.client = client
        self.count = 0
        self.due = ticks_ms()
        self.shown = None

    def obey(self, topic, payload, retained):
        """A message came: topic is str, payload is bytes."""
        if payload.isdigit():
            self.count = int(payload)

    def greet(self, session_present):
        """The client logged in, for the first time or again."""
        self.client.publish("example/status", "online", True, 1, latest=True)

    def beat(self):
        """Called by the client many times a second: the place for work that must not wait."""
        if ticks_diff(ticks_ms(), self.due) >= 0:
            self.due = ticks_add(self.due, 1000)
            self.count += 1
            self.client.publish("example/count", str(self.count), True, latest=True)
        seen = (self.client.connected, self.client.last_error)
        if seen != self.shown:
            self.shown = seen
            print("connected" if seen[0] else "not connected", seen[1])


async def main(server="127.0.0.1", port="1883", seconds="0"):
    client = MQTTClient("example", server, int(port), keepalive=10)
    counter = Counter(client)
    client.set_callback(counter.obey, connected=counter.greet)
    client.set_last_will("example/status", "offline", True, 1)
    client.subscribe("example/set", 1)
    running = client.run(counter.beat)
    if not int(seconds):
        await running
    try:
        await asyncio.wait_for(running, int(seconds))
    except asyncio.TimeoutError:
        print("sent", client.sent, "received", client.received)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
