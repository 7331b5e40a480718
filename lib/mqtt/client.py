"""MQTT 3.1.1 client for asyncio that never blocks the loop: one coroutine of the caller drives it, no second task.

Names as in umqtt.simple; publish, subscribe and ping queue and return at once, only connect, disconnect and run wait.
Limits: QoS 0 and 1; a turn is one message or four other packets, and one write of 512 bytes; DNS blocks (opening.py).
"""

import asyncio
import errno
from random import getrandbits

import clock
from clock import ticks_add, ticks_diff, ticks_ms
from micropython import const
from mqtt import packet
from mqtt.errors import MQTTException, ProtocolError, in_words, pause_ms
from mqtt.link import Link, connect, open_stream
from mqtt.outbox import Outbox
from mqtt.subscriptions import Subscriptions

_CONNECT_MS = const(10_000)  # for TCP, and again for the login
_ACK_MS = const(30_000)  # a broker that answers pings but acknowledges nothing is left
_LEAVE_MS = const(2000)
_LOGIN_MS = const(20)
_TURN_MS = const(50)  # pause when there is nothing to do: the latency of a message
_NAP_MS = const(500)
_STARVED = const(4)  # want of memory ends a connection, and the client only after so many failures in a row


class MQTTClient:
    """One connection to one broker.

    To look at: connected; since (clock.seconds() of the login, or None); connections (logins so far); sent, received
    (messages); oversize (inbound messages passed over); last_error (words, no secrets); queued (outgoing); outbox.dropped.
    A login proves little: `subscriptions.granted` and `outbox.holds` say what the broker made of it.
    """

    def __init__(self, client_id, server, port=1883, user=None, password=None,
                 *, keepalive=30, limit=1024, queue=(16, 8192), stream=None):  # fmt: skip
        """server: address or name (opening.open_stream). keepalive: 1..65535 s. limit: longest inbound packet, bytes.

        queue: messages and bytes that may wait. stream: opens the way, as opening.open_stream does; the place of TLS.
        """
        if not 1 <= keepalive <= 0xFFFF:
            raise ValueError("keep-alive of 1 to 65535 s")
        self.server, self.port = server, port
        self._login = (client_id, keepalive, user, password)
        self._open = stream
        self._will = None
        self._callback = self._on_oversize = self._on_connect = None
        self._link = Link(limit, keepalive, self._load, self._written, self._take)
        self.outbox = Outbox(*queue)
        self.subscriptions = Subscriptions()
        self._last_id = 0
        self._ids = self._fresh_id  # made once: a bound method costs memory each time
        self._stopping = self._hurry = self._proved = False  # proved: the broker answered more than the login
        self.connected = self.session_present = False
        self.since = None
        self.connections = self.sent = self.received = self.oversize = 0
        self.last_error = ""

    @property
    def queued(self):
        return len(self.outbox)

    def set_callback(self, callback, oversize=None, connected=None):
        """callback(topic: str, payload: bytes, retained: bool) gets each message; PUBACK is sent after it returned.

        oversize(topic, size): a message was too long, size in bytes. connected(session_present): after each login,
        before queued messages go out. None of them may wait. An exception in one ends the connection and is yours.
        """
        self._callback = callback
        self._on_oversize = oversize
        self._on_connect = connected

    def set_last_will(self, topic, msg, retain=False, qos=0):
        """Let the broker publish this when the connection breaks; from the next connect on."""
        self._will = (topic, msg, qos, retain)
        packet.publish_head(topic, len(packet.field(msg)), qos, packet_id=1)  # raises now, not in an outage

    def publish(self, topic, msg, retain=False, qos=0, *, latest=False):
        """Queue a message; return False if the queue has no room for it (outbox.py says what gives way).

        latest: replaces the payload of a message that still waits under this topic. Raises ValueError for a bad topic.
        msg: str or bytes are copied; a memoryview is sent as it lies, see `lent`.
        """
        topic = str(topic, "utf-8") if isinstance(topic, bytes) else topic
        packet.check_topic(topic)
        if qos not in (0, 1):
            raise ValueError("QoS 0 or 1")
        if not isinstance(msg, memoryview):
            msg = msg.encode() if isinstance(msg, str) else bytes(msg)
        return self.outbox.put(topic, msg, qos, retain, latest)

    def lent(self, payload, topic):
        """Return True while a message needs this very memoryview: it is being written, or waits under another topic."""
        return self.outbox.lent(payload, topic)

    def subscribe(self, topic, qos=0):
        """Subscribe now and after each reconnect; `subscriptions.granted` tells how it went."""
        self.subscriptions.add(topic, qos)

    def unsubscribe(self, topic):
        """Undo subscribe()."""
        self.subscriptions.remove(topic)

    def ping(self):
        """Ask the broker for a sign of life; done by itself after half the keep-alive time in silence."""
        self._link.ping()

    def hurry(self):
        """End the pause before the next attempt to connect, say because the network came up."""
        self._hurry = not self.connected

    async def connect(self, clean_session=True, beat=lambda: None):
        """Connect and log in once; return True if the broker kept a session.

        Raises OSError, ProtocolError or MQTTException. beat() is called every 50 ms or more often.
        """
        self._stopping = False
        self._close()
        client_id, keepalive_s, user, password = self._login
        hello = connect(client_id, keepalive_s, clean_session, user=user, password=password, will=self._will)
        stream = await (self._open or open_stream)(self.server, self.port, _CONNECT_MS, beat)
        self._link.open(stream, hello)
        deadline = ticks_add(ticks_ms(), _CONNECT_MS)
        try:
            while not self.connected:
                if self._stopping or ticks_diff(deadline, ticks_ms()) <= 0:
                    raise OSError(errno.ETIMEDOUT, "stopped" if self._stopping else "no answer to the login")
                self._link.send(ticks_ms())
                self._link.receive(ticks_ms())
                beat()
                await asyncio.sleep_ms(0 if self.connected else _LOGIN_MS)
        finally:
            if not self.connected:
                self._close()
        return self.session_present

    def check_msg(self):
        """Do one turn: send, receive and deliver, keep alive; return True while more work waits.

        Raises OSError or ProtocolError when the connection is over.
        """
        if not self.connected:
            raise OSError(errno.ENOTCONN, "not connected")
        now, alive = ticks_ms(), False
        try:
            more = self._link.send(now)
            more = self._link.receive(now) or more
            self._link.keep_alive(now)
            if max(self.subscriptions.silence_ms(now), self.outbox.silence_ms(now)) > _ACK_MS:
                raise OSError(errno.ETIMEDOUT, "the broker acknowledges nothing")
            alive = True
        finally:
            if not alive:
                self._close()
        return more

    async def run(self, beat, clean_session=True, ready=None):
        """Stay connected until disconnect(): the whole client in the caller's task.

        beat() is called every turn: about every 50 ms while connected, at least every 500 ms otherwise; it may publish.
        After a turn it rests for as long as that took: whatever messages ask for, others have half of the processor.
        ready(): False while there is no network, so that nothing is tried and no name is asked for.
        """
        self._stopping = False
        failures = 0
        beat()
        while not self._stopping:
            if ready and not ready():
                await asyncio.sleep_ms(_NAP_MS)
                beat()
                continue
            self._proved = False
            try:
                await self.connect(clean_session, beat)
                while not self._stopping:
                    began = ticks_ms()
                    beat()
                    rest_ms = 0 if self.check_msg() else _TURN_MS
                    await asyncio.sleep_ms(max(ticks_diff(ticks_ms(), began), rest_ms))
            except (OSError, ProtocolError, MQTTException, MemoryError) as e:
                if isinstance(e, MemoryError) and failures >= _STARVED:
                    raise
                self.last_error = in_words(e)
            finally:
                self._close()
            if self._proved:
                failures = 0
            failures = await self._pause(failures, beat)

    def stop(self):
        """End run() at its next turn, without leave: the broker publishes the last will. Callbacks may call it."""
        self._stopping = True

    async def disconnect(self):
        """Send what is queued (for 2 s at most), take leave and close, so that no last will appears. Ends run()."""
        deadline = ticks_add(ticks_ms(), _LEAVE_MS)
        try:
            while self.connected and self.outbox and ticks_diff(deadline, ticks_ms()) > 0:
                await asyncio.sleep_ms(0 if self.check_msg() else _TURN_MS)
            if self.connected:
                self._link.push(packet.DISCONNECT)
                self.connected = False  # nothing may follow it
                while self._link.send(ticks_ms()):
                    pass
        except (OSError, ProtocolError) as e:
            self.last_error = in_words(e)
        self._stopping = True
        self._close()

    async def _pause(self, failures, beat):
        """Wait before the next attempt; return the new number of failures in a row."""
        until = ticks_add(ticks_ms(), pause_ms(failures, getrandbits(10)))
        while not (self._stopping or self._hurry):
            left_ms = ticks_diff(until, ticks_ms())
            if left_ms <= 0:
                return failures + 1
            beat()
            await asyncio.sleep_ms(min(_NAP_MS, left_ms))
        self._hurry = False
        return 0

    def _close(self):
        self._link.close()
        self.outbox.disconnected()
        self.subscriptions.disconnected()
        self.connected, self.since = False, None

    def _load(self):
        """Return the next packet to write: subscriptions first, then messages."""
        if not self.connected:
            return None
        question = self.subscriptions.next_packet(self._ids, ticks_ms())
        if question:
            return question, None, None
        m = self.outbox.next_message(self._ids)
        if not m:
            return None
        head = packet.publish_head(
            m.topic, len(m.payload), m.qos, m.retain, packet_id=m.packet_id, duplicate=m.duplicate
        )
        return head, m.payload, m

    def _written(self, message, now):
        self.sent += 1
        self.outbox.written(message, now)

    def _take(self, kind, decoder):
        if kind == packet.CONNACK:
            self._logged_in(decoder)
        elif not self.connected:
            raise ProtocolError("a packet before CONNACK")
        elif kind in (packet.PUBLISH, packet.SKIPPED):
            self._deliver(kind, decoder)
        elif kind == packet.PUBACK:
            self.outbox.acknowledge(decoder.packet_id)
        else:
            self._proved = True  # SUBACK, UNSUBACK or PINGRESP: it keeps us, so a break is no reason to wait longer
            if kind != packet.PINGRESP:
                topic = self.subscriptions.answered(decoder.packet_id, decoder.code == packet.REFUSED)
                if topic and decoder.code == packet.REFUSED:
                    self.last_error = "subscription refused: " + topic

    def _logged_in(self, decoder):
        if self.connected:
            raise ProtocolError("second CONNACK")
        if decoder.code:
            raise MQTTException(decoder.code)
        self.connected, self.session_present = True, decoder.session_present
        self.since = clock.seconds()
        self.connections += 1
        self._hurry = False
        self.subscriptions.connected()
        if self._on_connect:
            self._on_connect(decoder.session_present)

    def _deliver(self, kind, decoder):
        if kind == packet.SKIPPED:
            self.oversize += 1
            self.last_error = "message of %d bytes passed over" % decoder.size
            if self._on_oversize:
                self._on_oversize(decoder.topic, decoder.size)
        else:
            self.received += 1
            if self._callback:
                self._callback(decoder.topic, bytes(decoder.payload), decoder.retained)
        if decoder.packet_id:
            self._link.push(packet.puback(decoder.packet_id))  # of what was passed over too, else it would come again

    def _fresh_id(self):
        """Return a packet id that no unanswered packet holds."""
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if not (self.subscriptions.uses(self._last_id) or self.outbox.uses(self._last_id)):
                return self._last_id
