"""A broker that follows a script, for tests of the MQTT client on the virtual clock: no socket, no second process.

What it must send is written out by the test; what it answers by itself can be switched off piece by piece.
"""

import asyncio

from mqtt.client import MQTTClient

PINGRESP = b"\xd0\x00"


class Stream:
    """What the client holds: never waits, like a non-blocking socket."""

    def __init__(self, broker):
        self._broker = broker
        self.inbox = bytearray()  # to the client
        self.ended = False  # the broker closed
        self.closed = False  # the client closed

    def write(self, data, offset, count):
        if self._broker.write_error:
            raise OSError(self._broker.write_error)
        count = min(count, self._broker.window)
        if not count:
            return None
        self._broker.hear(self, bytes(data[offset : offset + count]))
        return count

    def readinto(self, buffer):
        if not self.inbox:
            return 0 if self.ended else None
        count = min(len(buffer), len(self.inbox))
        buffer[:count] = self.inbox[:count]
        self.inbox = self.inbox[count:]
        return count

    def close(self):
        self.closed = True


class Broker:
    """packets: (first byte, body) of all that arrived; streams: one per connection."""

    def __init__(self):
        self.streams = []
        self.packets = []
        self.keep_packets = True
        self.refuse = None  # an error number: no connection
        self.write_error = None  # an error number
        self.window = 100000  # bytes taken at a write
        self.connack = b"\x20\x02\x00\x00"
        self.pongs = self.pubacks = self.subacks = True
        self.reached = 0  # attempts to connect
        self._rest = b""

    async def open_stream(self, server, port, timeout_ms, beat):
        self.reached += 1
        await asyncio.sleep_ms(5)
        beat()
        if self.refuse:
            raise OSError(self.refuse)
        self._rest = b""
        self.streams.append(Stream(self))
        return self.streams[-1]

    def say(self, data):
        """Send to the client."""
        self.streams[-1].inbox.extend(data)

    def hang_up(self):
        self.streams[-1].ended = True

    def heard(self, kind):
        """Return the bodies of the packets with this type (first byte >> 4)."""
        return [body for first, body in self.packets if first >> 4 == kind]

    def hear(self, stream, data):
        data = self._rest + data
        while len(data) >= 2:
            size = shift = 0
            at = 1
            while at < len(data):
                size |= (data[at] & 127) << shift
                shift += 7
                at += 1
                if data[at - 1] < 128:
                    break
            else:
                break
            if data[at - 1] >= 128 or len(data) < at + size:
                break
            self._answer(stream, data[0], data[at : at + size])
            data = data[at + size :]
        self._rest = data

    def _answer(self, stream, first, body):
        if self.keep_packets:
            self.packets.append((first, body))
        kind = first >> 4
        if kind == 1 and self.connack:
            stream.inbox.extend(self.connack)
        elif kind == 12 and self.pongs:
            stream.inbox.extend(PINGRESP)
        elif kind == 3 and first & 6 and self.pubacks:
            at = 2 + (body[0] << 8 | body[1])
            stream.inbox.extend(b"\x40\x02" + body[at : at + 2])
        elif kind == 8 and self.subacks:
            stream.inbox.extend(b"\x90\x03" + body[:2] + body[-1:])
        elif kind == 10 and self.subacks:
            stream.inbox.extend(b"\xb0\x02" + body[:2])


def make(broker, **options):
    return MQTTClient("bridge", "192.0.2.1", stream=broker.open_stream, **options)


class Pair:
    """A broker and a client whose run() is a task of its own."""

    def __init__(self, **options):
        self.broker = Broker()
        self.client = make(self.broker, **options)
        self.beats = 0
        self.on_beat = lambda: None
        self.task = None

    def beat(self):
        self.beats += 1
        self.on_beat()

    async def start(self):
        self.task = asyncio.create_task(self.client.run(self.beat))
        await asyncio.sleep_ms(200)
