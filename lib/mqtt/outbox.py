"""Messages on their way out: bounded in count and bytes, ordered, QoS 1 kept until acknowledged.

When it is full, waiting QoS 0 messages give way to a new one, the oldest first. Those of `latest` are still true: they
give way last, and only to QoS 1 and to each other. QoS 1 is never dropped, so a message for which no room can be made
is turned away. A message that is being written is never touched: half a packet would garble the connection.
"""

from clock import ticks_diff
from micropython import const

_WINDOW = const(8)  # QoS 1 messages that may wait for PUBACK at once

_WAITING = const(0)
_WRITING = const(1)
_SENT = const(2)  # QoS 1: PUBACK is awaited
_AGAIN = const(3)  # QoS 1: the connection broke before PUBACK


class Message:
    """One message in the outbox; payload is bytes, packet_id is 0 until it was first written."""

    def __init__(self, topic, payload, qos, retain, latest):
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.latest = latest
        self.packet_id = 0
        self.duplicate = False
        self.state = _WAITING
        self.sent_at = 0

    def size(self):
        """Return what it counts for against the bound in bytes."""
        return len(self.topic) + len(self.payload)


class Outbox:
    """The queue; dropped counts the messages that gave way or were turned away."""

    def __init__(self, count_max, bytes_max):
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._messages = []
        self.size = 0  # bytes of all messages
        self.dropped = 0

    def __len__(self):
        return len(self._messages)

    def put(self, topic, payload, qos, retain, latest):
        """Queue a message; return False if it was turned away.

        latest: a message that waits under the same topic with the same QoS takes the new payload and keeps its place.
        """
        same = self._waiting(topic, qos) if latest else None
        size = len(topic) + len(payload) - (same.size() if same else 0)
        if not self._make_room(0 if same else 1, size, same, qos or latest):
            self.dropped += 1
            return False
        if same:
            same.payload = payload
            same.retain = retain
        else:
            self._messages.append(Message(topic, payload, qos, retain, latest))
        self.size += size
        return True

    def next_message(self, fresh_id):
        """Return the message to write now, or None. fresh_id() gives a packet id."""
        window = _WINDOW
        for m in self._messages:
            if m.state == _SENT:
                window -= 1
            elif m.state == _WAITING and m.qos and window <= 0:
                continue  # QoS 0 behind it may overtake
            else:
                if m.qos and not m.packet_id:
                    m.packet_id = fresh_id()
                m.duplicate = m.state == _AGAIN
                m.state = _WRITING
                return m
        return None

    def written(self, message, now):
        """Note that the whole packet was handed to the stream."""
        if not message.qos:
            self._remove(message)
        else:
            message.state = _SENT
            message.sent_at = now

    def acknowledge(self, packet_id):
        """Forget the message that PUBACK answers; return False if there is none."""
        for m in self._messages:
            if m.packet_id == packet_id:
                self._remove(m)
                return True
        return False

    def holds(self, topic):
        """Return True while a message under this topic waits, is written or is not acknowledged."""
        return any(m.topic == topic for m in self._messages)

    def forget(self, topic):
        """Drop the messages under this topic, but one that is just being written."""
        for m in [m for m in self._messages if m.topic == topic and m.state != _WRITING]:
            self._remove(m)

    def uses(self, packet_id):
        """Return True while a message holds this packet id."""
        return any(m.packet_id == packet_id for m in self._messages)

    def silence_ms(self, now):
        """Return how long the oldest unanswered QoS 1 message has waited for its PUBACK on this connection."""
        for m in self._messages:
            if m.state == _SENT:
                return ticks_diff(now, m.sent_at)
        return 0

    def disconnected(self):
        """Get ready for the next connection: what has no PUBACK is sent again, in the old order."""
        for m in self._messages:
            if m.state != _WAITING:
                m.state = _AGAIN if m.qos else _WAITING

    def lent(self, payload, topic):
        """Return True while a message with this very payload is being written, or waits under another topic."""
        for m in self._messages:
            if m.payload is payload:
                return m.state != _WAITING or m.topic != topic
        return False

    def _waiting(self, topic, qos):
        for m in self._messages:
            if m.state == _WAITING and m.qos == qos and m.topic == topic:
                return m
        return None

    def _make_room(self, count, size, spared, weighty):
        """Drop QoS 0 messages until count and bytes fit; return False, and drop none, if that cannot be."""
        count += len(self._messages) - self._count_max
        size += self.size - self._bytes_max
        victims = []
        for latest in (False, True) if weighty else (False,):
            for m in self._messages:
                if count <= 0 and size <= 0:
                    break
                if m.state == _WAITING and not m.qos and m.latest == latest and m is not spared:
                    victims.append(m)
                    count -= 1
                    size -= m.size()
        if count > 0 or size > 0:
            return False
        for m in victims:
            self._remove(m)
        self.dropped += len(victims)
        return True

    def _remove(self, message):
        self._messages.remove(message)
        self.size -= message.size()
