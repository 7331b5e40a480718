"""A whole bridge at a broker, and an independent client that hears everything there."""

import asyncio
import contextlib
import json
import time

from amqtt.client import MQTTClient
from bridgectl.run.folder import SN
from bridgectl.run.session import Session
from patience import HANG_S


class Ear:
    """A client of the broker, independent of ours: keeps the last payload of each topic."""

    def __init__(self, port):
        self.port = port
        self.last = {}
        self.results = []
        self.history = []  # what the bridge had kept
        self.recording = ""  # the flight recorder's file, piece by piece
        self._client = MQTTClient(config={"auto_reconnect": False, "plugins": {}})

    async def __aenter__(self):
        await self._client.connect(f"mqtt://127.0.0.1:{self.port}/")
        await self._client.subscribe([("#", 1)])
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        with contextlib.suppress(Exception):
            await self._client.disconnect()

    async def _listen(self):
        while True:
            message = await self._client.deliver_message()
            self.last[message.topic] = bytes(message.data)
            if message.topic.endswith("/history"):
                self.history.append(json.loads(message.data))
            if message.topic.endswith("/recording"):
                self.recording += bytes(message.data).decode()
            if message.topic.endswith("/result"):
                self.results.append(json.loads(message.data))

    async def publish(self, topic, payload):
        await self._client.publish(topic, payload, qos=1)

    async def say(self, leaf, payload, retain=False):
        await self._client.publish(f"bridge/{SN}/{leaf}", payload, qos=1, retain=retain)

    async def until(self, true, what):
        deadline = time.monotonic() + HANG_S
        while not true():
            assert time.monotonic() < deadline, f"{what}; heard {sorted(self.last)}, {self.results}"
            await asyncio.sleep(0.02)

    async def ask(self, fields):
        """Send a command and return its answer."""
        before = len(self.results)
        payload = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        await self.say("set", payload)
        await self.until(lambda: len(self.results) > before, f"no answer to {payload[:60]}")
        return self.results[-1]

    def state(self):
        return json.loads(self.last.get(f"bridge/{SN}/state", b"{}"))


@contextlib.asynccontextmanager
async def bridge(folder, port):
    session = Session(folder=folder, broker=("127.0.0.1", port))
    try:
        await session.start()
        yield session
    finally:
        await session.end()
