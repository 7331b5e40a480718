"""One run: makes the folder, starts site, broker and firmware, carries out commands, ends everything it started."""

import asyncio
import socket
import time

from bridgectl.run.broker import LOOPBACK, USUAL_PORT, EmbeddedBroker, Watch, free_port
from bridgectl.run.folder import SN, RunFolder
from bridgectl.run.known import PERIOD_S, QUESTION, Known
from bridgectl.run.process import Firmware
from bridgectl.run.world import World

_HTTP_PORT, _DNS_PORT = 18080, 18053  # if they are free
_PRESS_S = 0.3
_PATIENCE_S = 3  # for what must end
_CANCELS = 3
FIRST = "sensor_voltage"

# key, what it does
COMMANDS = (
    ("1-5", "flip DI1-DI5"),
    ("b", "button"),
    ("s", "sensor: ok, silent, noisy, lying"),
    ("p", "plant: ok, silent"),
    ("m", "broker: stop, start"),
    ("q", "quit"),
)


async def given_up(tasks):
    """Cancel tasks and wait for them, for some seconds at most: a library may swallow a cancellation. Return the rest."""
    left = set(tasks)
    for _ in range(_CANCELS):
        for task in left:
            task.cancel()
        if left:
            left = (await asyncio.wait(left, timeout=_PATIENCE_S / _CANCELS))[1]
    return left


class Session:
    """What `make run` runs. `tell(text)` gets each line worth telling; `first_reading_s` is None until it came."""

    def __init__(self, *, folder, sensor="", plant="", broker=None, keep=False):
        """sensor, plant: ttys of real adapters, "" = simulated; broker: (host, port) of another one, None = our own."""
        self.folder = RunFolder(folder)
        self.world = World(sensor=not sensor, plant=not plant)
        self.broker = None if broker else EmbeddedBroker(free_port(USUAL_PORT))
        self.broker_at = broker or (LOOPBACK, self.broker.port)
        self.watch = Watch(SN, told=self._look)
        self.known = Known(told=self._look)
        self.http_port = free_port(_HTTP_PORT)
        self.firmware = Firmware(
            self.folder,
            {
                "BRIDGE_RS485_1": plant or self.world.plant_wire.path,
                "BRIDGE_RS485_2": sensor or self.world.sensor_wire.path,
                "BRIDGE_HTTP_PORT": str(self.http_port),
                "BRIDGE_DNS_PORT": str(free_port(_DNS_PORT, socket.SOCK_DGRAM)),
            },
            told=lambda line: self.tell(f"firmware {line}"),
            taken=self.known.take,
        )
        self.first_reading_s = None
        self.ended = asyncio.Event()
        self.failure = ""  # why the run ended, if not as asked
        self.tell = lambda text: None
        self._keep = keep
        self._tasks = []

    async def start(self):
        """Start everything. Raises FolderBusy, build.BuildError, OSError; call end() also then."""
        if self.broker:
            try:
                await self.broker.start()
            except OSError:  # another run was faster
                self.broker.port = free_port()
                await self.broker.start()
            self.broker_at = (LOOPBACK, self.broker.port)
        changes = {"mqtt_host": self.broker_at[0], "mqtt_port": self.broker_at[1]}
        self.folder.make(changes, keep=self._keep)
        self.world.start()
        self._tasks = [
            asyncio.create_task(part)
            for part in (self.watch.run(*self.broker_at), self._keep_running(), self._keep_asking())
        ]
        for task in self._tasks:
            task.add_done_callback(lambda task: self.ended.set())

    async def end(self):
        """End everything that was started; safe at any point. Raises what a part of it died of."""
        await self.firmware.end()
        await given_up(self._tasks)
        if self.broker:
            # The broker's library may wait for ever for its clients, and swallow a cancellation.
            stopping = asyncio.create_task(self.broker.stop())
            await asyncio.wait((stopping,), timeout=_PATIENCE_S)
            await given_up((stopping,))
            self._tasks.append(stopping)
        self.world.close()
        self.folder.release()
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception():
                raise task.exception()

    async def obey(self, key):
        """Carry out a command and return what happened, in words."""
        if key in ("1", "2", "3", "4", "5"):
            return f"DI{key} {'closed' if self.folder.flip(int(key)) else 'open'}"
        if key == "b":
            self.folder.press(True)
            await asyncio.sleep(_PRESS_S)
            self.folder.press(False)
            return "button pressed"
        if key == "s":
            fault = self.world.next_sensor_fault()
            return f"sensor {fault}" if fault else "the sensor is a real one: nothing to switch"
        if key == "p":
            fault = self.world.flip_plant()
            return f"plant {fault}" if fault else "the plant is a real one: nothing to switch"
        if key == "m":
            return await self._switch_broker()
        if key == "q":
            self.ended.set()
            return "ending"
        return f"no command {key!r}; there are {', '.join(row[0] for row in COMMANDS)}"

    async def _switch_broker(self):
        if self.broker is None:
            return "the broker is not ours: nothing to switch"
        if self.broker.running:
            await self.broker.stop()
            return "broker stopped"
        try:
            await self.broker.start()
        except OSError as problem:
            return str(problem)
        return "broker started"

    def _look(self):
        came_s = [known.good_s[FIRST] for known in (self.known, self.watch.known) if FIRST in known.good_s]
        if self.first_reading_s is None and came_s and self.firmware.started_s:
            self.first_reading_s = min(came_s) - self.firmware.started_s
            self.tell(f"first reading after {self.first_reading_s:.2f} s")

    async def _keep_asking(self):
        while True:
            self.firmware.ask(QUESTION)
            await asyncio.sleep(PERIOD_S)

    async def _keep_running(self):
        code = await self.firmware.run()
        if self.firmware.ending:
            return
        self.failure = f"the firmware ended with code {code}; its last lines are in {self.folder.log}"
        self.ended.set()

    @property
    def page(self):
        """The address of the pages, while the hotspot is open."""
        return f"http://{LOOPBACK}:{self.http_port}/"

    def age_s(self):
        """Return the seconds since the firmware was first started, 0 before."""
        return time.monotonic() - self.firmware.started_s if self.firmware.started_s else 0
