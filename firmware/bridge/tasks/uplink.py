"""The way to the broker: publishes the state, announces the device, takes commands (tasks/commands).

Connected, announced and may-command are three facts: a broker may take the login and refuse the rest.
"""

import asyncio
import json

import clock
import log
from bridge.logic.doors import announcing, messages
from micropython import const
from mqtt.client import MQTTClient
from mqtt.link import is_address, open_stream
from parts import Part

_LIMIT = const(640)  # longest inbound packet, bytes: a command of 512 and its topic
_MORE = const(256)
_KEEPALIVE_S = const(20)
_BUFFER = const(2560)  # bytes of a state or of a discovery message; more is made if it is needed


def _broker(settings, state):
    """Return what a connection is made from; when it changes, the connection is made anew."""
    return (settings.mqtt_host, settings.mqtt_port, settings.mqtt_user, settings.mqtt_password, settings.mqtt_prefix)


class _Session:
    """One life of the client, with one broker."""

    def __init__(self, beat, state, settings, entities=""):
        """entities: path of what Home Assistant is told, see logic/doors/entities."""
        self._beat = beat
        self._state = state
        self._settings = settings
        self._made_for = _broker(settings, state)
        self._announcing = announcing.Announcing()
        self._publish_ms = settings.publish_ms
        self._due_at = clock.ticks_ms()
        self._obeying = Part("bridge.tasks.commands")  # only while a command waits for its effect
        self._commands = None
        self._seen = ()
        self._entities = entities
        self._told = -1  # version of the settings whose values were published last
        self._buffer = bytearray(_BUFFER)  # made before memory is in pieces
        self._payload = None
        self._lent_to = ""  # topic of what lies in the buffer
        self._network = True
        self._known = ("", "")  # the broker's name and its last address, which outlives an outage of the name servers
        host, port, user, password, _ = self._made_for
        self.client = client = MQTTClient(
            "bridge-" + state.sn,
            host,
            port,
            user or None,
            password or None,
            keepalive=_KEEPALIVE_S,
            limit=_LIMIT,
            stream=self._open,
        )
        client.set_last_will(self._topic("availability"), "offline", True, 1)
        client.set_callback(self._take, self._oversize, self._greet)
        client.subscribe(self._topic("set"), 1)
        self._birth = ""

    async def _open(self, server, port, timeout_ms, beat):
        """Return a stream to the broker, as mqtt.opening.open_stream does; its name is asked for beside the loop."""
        # One behind the other, each in a coroutine of its own, which holds its module only while it waits.
        address = server if is_address(server) else await self._address(server, beat)
        return await open_stream(address, port, timeout_ms, beat)

    async def _address(self, server, beat):
        with Part("resolver", "resolver") as resolver:  # only for those who name their broker, and only to ask
            asking = resolver.Resolver(self._known)
            try:
                return await asking.address(server, self._state.name_servers or (), beat)
            finally:
                self._known = asking.known()

    def _topic(self, leaf):
        return messages.topic(self._settings, self._state.sn, leaf)

    async def run(self):
        """Stay connected until the broker's settings change."""
        try:
            await self.client.run(self._step, ready=self._has_network)
        finally:  # also when it dies: what is shown must not outlive it
            self._obeying.unload()
            self._state.uplink_connected = self._state.uplink_announced = False
            self._state.uplink_commands = None
            self._state.uplink_text = "not connected"

    def _has_network(self):
        return self._state.name_servers is not None

    def _step(self):
        """Called by the client at every turn, connected or not."""
        self._beat()
        state, client = self._state, self.client
        now = clock.ticks_ms()
        if client.connected != state.uplink_connected:
            state.uplink_connected = client.connected
            log.info("uplink", "connected to the broker" if client.connected else "lost: " + client.last_error)
        state.uplink_commands = client.subscriptions.granted(self._topic("set")) if client.connected else None
        state.uplink_announced = client.connected and self._announcing.done
        state.uplink_text = announcing.words(state, client.last_error, self._has_network(), self._topic("set"))
        network = self._has_network()
        if network and not self._network:
            client.hurry()  # the network is back: no reason to sit out the pause
        self._network = network
        if self._commands and not self._commands.confirm(now):
            self._commands = None
            self._obeying.unload()
        if _broker(self._settings, state) != self._made_for:
            client.stop()
            return
        if not client.connected:
            return
        self._follow()
        urgent = (state.inputs, state.outputs, state.limit_pct, state.plant_limit_state, state.segments)
        if urgent != self._seen or clock.ticks_diff(now, self._due_at) >= 0:
            where = self._topic("state")
            if client.lent(self._payload, where):
                return  # the last message is just being written out of the buffer
            self._seen = urgent
            self._due_at = clock.ticks_add(now, self._settings.publish_ms)
            self._publish(where, messages.state_pieces(state))
            state.uplink_counts = {
                "sent": client.sent,
                "dropped": client.outbox.dropped,
                "connections": client.connections,
                "queued": client.queued,
            }
        elif not client.queued:
            self._announce()
            if state.history and self._announcing.done:
                state.history.deliver(client, self._topic("history"), now)

    def _announce(self):
        """Publish the next retained message: the settings in force, then what of the discovery is due.

        One at a time and only into an empty queue: each is 2 kB, and it counts when the broker acknowledged it.
        """
        state, settings, announced = self._state, self._settings, self._announcing
        number = announced.next_message() if self._told == settings.version else None
        if number is None and self._told == settings.version:
            return
        try:
            with Part("bridge.logic.doors.entities") as entities:
                if number is None:
                    announced.messages = entities.count(self._entities)
                    self._publish(self._topic("settings"), entities.values(self._entities, settings), 1)
                    self._told = settings.version
                else:
                    self._publish(*entities.message(self._entities, number, state, settings), qos=1)
        except MemoryError:  # at the next turn there may be some; the session is worth more
            if number is not None:
                announced.again()
        except OSError as e:  # the rest is worth more than what Home Assistant knows
            log.error("uplink", "the texts of the entities cannot be read: error %d" % e.errno)
            announced.messages, self._told = 0, settings.version

    def _follow(self):
        """Obey settings that changed: announce anew, hear the birth of another Home Assistant, publish at the new pace."""
        settings, client = self._settings, self.client
        self._announcing.follow(settings.mqtt_discovery, settings.system_name, settings.do1_owner, settings.do2_owner)
        birth = settings.mqtt_discovery and settings.mqtt_discovery + "/status"
        if birth != self._birth:
            if self._birth:
                client.unsubscribe(self._birth)
            if birth:
                client.subscribe(birth, 0)
            self._birth = birth
        if settings.publish_ms != self._publish_ms:
            self._publish_ms = settings.publish_ms
            self._due_at = clock.ticks_ms()

    def _publish(self, topic, pieces, qos=0):
        """Publish what pieces, an iterable of texts or UTF-8, give together; return False if it is not queued.

        qos 1: retained, and the buffer stays lent until the broker has acknowledged it.

        The buffer must not be lent.
        """
        at = 0
        for piece in pieces:
            part = piece.encode() if isinstance(piece, str) else piece
            end = at + len(part)
            if end > len(self._buffer):
                larger = bytearray(end + _MORE)
                larger[:at] = memoryview(self._buffer)[:at]
                self._buffer = larger
            self._buffer[at:end] = part
            at = end
        self._payload = memoryview(self._buffer)[:at]
        self._lent_to = topic
        return self.client.publish(topic, self._payload, qos > 0, qos, latest=not qos)

    def _greet(self, session_present):
        self.client.publish(self._topic("availability"), "online", True, 1, latest=True)
        self.client.outbox.forget(self._lent_to)  # it begins anew, and its buffer is needed for the state
        self._announcing.begin()
        self._told = -1
        self._due_at = clock.ticks_ms()

    def _oversize(self, topic, size):
        errors = {"message": "of %d bytes is too long" % size}
        self._answer({"id": None, "ok": False, "errors": errors})

    def _take(self, topic, payload, retained):
        if topic != self._topic("set"):
            if payload == b"online":  # Home Assistant started: it knows neither us nor our values
                self._announcing.begin()
                self._due_at = clock.ticks_ms()
            return
        try:
            self._commands = self._commands or self._obeying.load().Commands(
                self._state, self._settings, self._answer, self.client, self._topic("recording")
            )
        except MemoryError:  # nothing was read of it; without an answer the session would end, and the command be lost
            self._answer({"id": None, "ok": False, "errors": {"message": "found no memory; send it again"}})
            return
        self._commands.take(payload, retained)

    def _answer(self, answer):
        if not answer["ok"]:
            self._told = -1  # whoever shows what was asked for shows again what holds
        self.client.publish(self._topic("result"), json.dumps(answer), qos=1)


def trial(state, *broker):
    """Return a coroutine that tries a broker beside the session that runs: tasks/broker_trial.run."""
    with Part("bridge.tasks.broker_trial", "bridge.tasks.broker_trial") as broker_trial:
        return broker_trial.run(state, open_stream, *broker)


async def run(beat, state, settings, entities=""):
    """Keep the uplink up for as long as the settings name a broker. entities: path, see _Session."""
    while settings.mqtt_host:
        beat()
        await _Session(beat, state, settings, entities).run()
        await asyncio.sleep_ms(1000)
    state.uplink_text = "no broker set"
