"""The composition root: every part is made and connected here, and nowhere else."""

import asyncio
import gc
import os
import sys

import log
import version
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import buses, control, field_io, leds, pulse
from micropython import const
from slots.slots import Slots
from store import record
from supervisor import Supervisor

_WATCHDOG_MS = const(8000)  # RP2040 knows at most 8388


def run(board):
    """Run the bridge on a board until the process is ended."""
    gc.threshold(board.gc_threshold)
    supervisor = build(board)[0]
    asyncio.run(supervisor.run())


def build(board):
    """Return (supervisor, state, settings, ports) of a whole bridge, not yet running."""
    device = record.load(board.data + "/device") or {}
    settings = Settings(board.data + "/settings")
    state = State(version.VERSION, board.reset_cause(), device.get("sn", board.unique_id().hex()))
    log.info("app", "version %s on %s, SN %s, start by %s" % (state.version, board.name, state.sn, state.reset_cause))
    for name, reason in settings.ignored:
        log.warn("app", "stored setting %s ignored: it %s" % (name, reason))
    board.set_outputs(settings.do_safe_mask)

    supervisor = Supervisor(board.watchdog(_WATCHDOG_MS))
    wake = asyncio.Event()
    slots = Slots(board.root)

    def restart():
        """Start anew because somebody wants it; while an update comes in nothing happens, ask again."""
        if not slots.session:
            slots.expect_restart()
            board.restart()

    ports = buses.Ports(board, state, settings, restart)

    # What can wait is loaded when it starts, so that the buses and the contacts are up first.
    def network(beat):
        from bridge.tasks import network as task

        return task.run(beat, state, settings, board, device)

    def uplink(beat):
        from bridge.tasks import uplink as task

        return task.run(beat, state, settings)

    def update(beat):
        from bridge.tasks import updater as task

        return task.run(beat, state, settings, slots, board)

    def begin_update():
        from bridge.tasks import updater as task

        return task.begin(state, settings, slots, version.BOARD)

    def portal(beat):
        from bridge.tasks import portal as task

        return task.run(beat, state, settings, board, begin_update, _web())

    # fmt: off
    add = supervisor.add
    add("field_io", lambda beat: field_io.run(beat, board, state, settings, wake),        essential=True)
    add("control",  lambda beat: control.run(beat, state, settings, wake),                essential=True)
    add("rs485-1",  lambda beat: ports.run(beat, 1),                                      essential=True)
    add("rs485-2",  lambda beat: ports.run(beat, 2),                                      essential=True)
    add("watch",    ports.watch,                                                          essential=True)
    add("pulse",    lambda beat: pulse.run(beat, state, supervisor.healthy, board.system_heap),              essential=True)
    add("leds",     lambda beat: leds.run(beat, board, state, settings))
    add("network",  network,                                                              delay_s=1)  # blocks for a second
    add("uplink",   uplink,                                                               delay_s=1)
    add("clients",  ports.serve_clients,                                                  delay_s=1)
    add("updater",  update,                                                               delay_s=2)
    add("portal",   portal,                                                               delay_s=2)
    # fmt: on
    return supervisor, state, settings, ports


def _web():
    """Return the folder of the portal's pages: where the running slot is mounted, first on the path."""
    for folder in sys.path:
        try:
            os.stat(folder + "/web")
        except OSError:
            continue
        return folder + "/web"
    return "web"
