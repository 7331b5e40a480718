"""The decoders of what an MQTT broker sends; each function returns one that takes an input and tells what it made."""

from bridgectl.fuzzing.chip import virtual
from bridgectl.fuzzing.chip.pieces import Pieces

_LIMIT = 256  # bytes of the longest message that is taken


def mqtt():
    """In: size of the pieces, what a broker sends. Out: [events, the rest is refused]. Raises ProtocolError."""
    from mqtt import decoder as of_mqtt
    from mqtt import packet
    from mqtt.errors import ProtocolError

    decoder = of_mqtt.Decoder(_LIMIT)

    def event(kind):
        d = decoder
        if kind == packet.SKIPPED:
            return [kind, d.topic.encode().hex(), d.size, d.packet_id]
        head = [kind, d.topic.encode().hex(), bytes(d.payload).hex()]
        return head + [d.qos, d.retained, d.duplicate, d.packet_id, d.code, d.session_present]

    def take(data):
        decoder.reset()
        pieces = Pieces(data)
        buffer = bytearray(256)
        found = []
        count = pieces.take(buffer)
        try:
            while count:
                decoder.feed(buffer, count)
                kind = decoder.next_event()
                while kind:
                    found.append(event(kind))
                    kind = decoder.next_event()
                count = pieces.take(buffer)
        except ProtocolError:
            return [found, True]
        return [found, False]

    return take


class _Wire(Pieces):
    """The connection to a broker, as mqtt/opening.py gives it."""

    def readinto(self, buffer):
        return self.take(buffer)

    def write(self, part, offset, count):
        self.written.append(bytes(part[offset : offset + count]))
        return count

    def close(self):
        pass


def mqtt_client():
    """In: as mqtt. Out: [messages, messages passed over, packets sent, how it ended]."""
    from mqtt.client import MQTTClient
    from mqtt.errors import MQTTException, ProtocolError

    heard, passed_over = [], []
    wires = []

    async def open_wire(server, port, timeout_ms, beat):
        return wires[0]

    def hear(topic, payload, retained):
        heard.append([topic.encode().hex(), payload.hex(), retained])

    client = MQTTClient("fuzz", "broker", keepalive=60, limit=_LIMIT, stream=open_wire)
    client.set_callback(hear, lambda topic, size: passed_over.append([topic.encode().hex(), size]))
    client.subscribe("a/set", 1)

    def take(data):
        heard.clear()
        passed_over.clear()
        wires[:] = [_Wire(data)]
        end = "closed"
        try:
            virtual.run(client.connect())
            while True:
                client.check_msg()
                virtual.pass_ms(1)
        except OSError:
            pass
        except ProtocolError:
            end = "refused"
        except MQTTException:
            end = "turned away"
        return [list(heard), list(passed_over), b"".join(wires[0].written).hex(), end]

    return take
