"""A broker on loopback inside this process, and the eye that watches the bridge's topics like any other client."""

import asyncio
import contextlib
import logging
import socket
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecations of its own
    from amqtt.broker import Broker
    from amqtt.client import MQTTClient
    from amqtt.errors import AMQTTError, BrokerError, ClientError

from bridgectl.run.known import Known

LOOPBACK = "127.0.0.1"
USUAL_PORT = 18830
_PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
_CLIENT = {"auto_reconnect": False, "keep_alive": 20, "connection_timeout": 3, "plugins": {}}
_AGAIN_S = 0.3
_PATIENCE_S = 2.0
_LOST = (AMQTTError, ClientError, OSError, asyncio.TimeoutError)


def free_port(preferred=0, kind=socket.SOCK_STREAM):
    """Return `preferred` if nothing listens there on loopback, else a port that is free now."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((LOOPBACK, port))
                return probe.getsockname()[1]
    raise OSError("no free port on loopback")


class _Broker(Broker):
    """amqtt gives a new client what is retained for everybody's filters; here it gets that of its own alone."""

    async def _publish_retained_messages_for_subscription(self, subscription, session):
        subscribed = self._subscriptions.get(subscription[0], ())
        if any(own is session for own, _ in subscribed):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class EmbeddedBroker:
    """A broker at 127.0.0.1:port that can be stopped and started again; `running` says which."""

    def __init__(self, port):
        self.port = port
        self.running = False
        self._broker = None
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
            logging.getLogger(name).propagate = False

    async def start(self):
        """Start it. Raises OSError if the port is taken."""
        listener = {"type": "tcp", "bind": f"{LOOPBACK}:{self.port}", "max_connections": 20}
        self._broker = _Broker({"listeners": {"default": listener}, "plugins": _PLUGINS})
        try:
            await self._broker.start()
        except (AMQTTError, BrokerError, OSError) as problem:
            raise OSError(f"the broker does not start at port {self.port}: {problem}") from problem
        self.running = True

    async def stop(self):
        """Stop it and close all its connections."""
        if self.running:
            self.running = False
            with contextlib.suppress(AMQTTError, BrokerError):
                await self._broker.shutdown()


class Watch:
    """What the bridge published so far.

    known: of its state topic; states: how many came; availability: "online", "offline" or ""; connected: this eye has a
    broker.
    """

    def __init__(self, sn, prefix="bridge", told=lambda: None):
        """told: called after each message."""
        self.known = Known()
        self.states = 0
        self.availability = ""
        self.connected = False
        leaves = (("state", self._take_state), ("availability", self._take_availability))
        self._topics = {f"{prefix}/{sn}/{leaf}": take for leaf, take in leaves}
        self._told = told

    async def run(self, host, port):
        """Watch a broker for ever, through its outages."""
        url = f"mqtt://{host}:{port}"
        while True:
            client = MQTTClient(config=_CLIENT)
            with contextlib.suppress(*_LOST):
                await self._follow(client, url)
            self.connected = False
            self.availability = ""
            with contextlib.suppress(*_LOST):
                await asyncio.wait_for(client.disconnect(), _PATIENCE_S)
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self, client, url):
        await asyncio.wait_for(client.connect(url), _PATIENCE_S)
        await asyncio.wait_for(client.subscribe([(topic, 0) for topic in self._topics]), _PATIENCE_S)
        self.connected = True
        while True:
            try:
                message = await client.deliver_message(_PATIENCE_S)
            except asyncio.TimeoutError:
                if not client.session or not client.session.transitions.is_connected():
                    return
                continue
            if message is not None and message.topic in self._topics:
                self._topics[message.topic](bytes(message.data))
                self._told()

    def _take_availability(self, payload):
        self.availability = payload.decode(errors="replace")

    def _take_state(self, payload):
        self.states += self.known.take(payload.decode(errors="replace"))
