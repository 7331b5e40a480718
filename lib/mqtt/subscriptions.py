"""What the client listens to: asked for at once, and again after each login, because a clean session forgets it."""

from clock import ticks_diff
from mqtt import packet


class Subscriptions:
    """Topic filters, and the questions to the broker that are not answered yet."""

    def __init__(self):
        self._qos = {}  # topic filter: QoS
        self._changed = []  # filters to be subscribed or, if no longer in _qos, unsubscribed
        self._asked = {}  # packet id: filter, until SUBACK or UNSUBACK
        self._asked_at = 0
        self._known = {}  # topic filter: granted on this connection

    def add(self, topic, qos):
        """Subscribe. Raises ValueError if no broker would take it."""
        packet.subscribe(1, topic, qos)  # raises now, not in an outage
        self._qos[topic] = qos
        self._change(topic)

    def remove(self, topic):
        """Unsubscribe, if it was subscribed."""
        self._known.pop(topic, None)
        if self._qos.pop(topic, None) is not None:
            self._change(topic)

    def connected(self):
        """Ask for everything again."""
        self._changed = list(self._qos)
        self._known.clear()

    def disconnected(self):
        """Wait for no answer any more."""
        self._asked.clear()
        self._changed.clear()

    def next_packet(self, fresh_id, now):
        """Return the next question as a packet, or None. fresh_id() gives a packet id."""
        if not self._changed:
            return None
        topic = self._changed.pop(0)
        packet_id = fresh_id()
        self._asked[packet_id] = topic
        self._asked_at = now
        if topic in self._qos:
            return packet.subscribe(packet_id, topic, self._qos[topic])
        return packet.unsubscribe(packet_id, topic)

    def answered(self, packet_id, refused):
        """Take the answer to a question; return its topic filter, None if it was never asked."""
        topic = self._asked.pop(packet_id, None)
        if topic in self._qos:
            self._known[topic] = not refused
        return topic

    def granted(self, topic):
        """Return True if the broker granted this subscription, False if it refused, None before its answer."""
        return self._known.get(topic)

    def uses(self, packet_id):
        """Return True while a question holds this packet id."""
        return packet_id in self._asked

    def silence_ms(self, now):
        """Return how long the last question has waited for its answer."""
        return ticks_diff(now, self._asked_at) if self._asked else 0

    def _change(self, topic):
        if topic not in self._changed:
            self._changed.append(topic)
