"""The composition root: every part is made and connected here, and nowhere else."""

import asyncio
import gc
import os
import sys

import clock
import log
import version
from bridge.logic import room
from bridge.logic.grid.outputs import owned as outputs_owned
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import buses, control, field_io, leds, pulse
from micropython import const
from parts import Part
from slots.running import Running
from store import record
from supervisor import Supervisor
from typed import NO_MEMORY, Typed

_WATCHDOG_MS = const(8000)  # RP2040 knows at most 8388
_AGAIN_S = const(3600)  # after a restart for want of memory the next one comes no sooner
_RESTART = "restart"  # record of why the bridge restarted by itself, read once
_SHARED = (
    "http.listener",
    "modbus.wire.",
    "slots.head",
    "slots.version",
    "utf8",
)  # what two parts have in common stays
_RESET = "reset"  # record that asks for a factory reset, see tasks/factory_reset
_STEADY_S = const(60)  # without a loop of starts; boot.py's count begins anew then
_RECORDS = ("settings", "device", "limit", "ems", "outputs", "orders", "window", "slot_state")
_BUNDLE = "update.bundle"  # in the root folder: an update that the PC left


def run(board):
    """Run the bridge on a board until the process is ended."""
    gc.threshold(board.gc_threshold)
    supervisor = build(board)[0]
    globals().pop("build")  # what is done once goes: two kilobytes
    del State.__init__
    asyncio.run(supervisor.run())


def build(board):
    """Return (supervisor, state, settings, ports) of a whole bridge, not yet running."""
    _finish_reset(board.data)
    device = record.load(board.data + "device") or {}
    why = _restarted(board.data + _RESTART)
    settings = Settings(board.data + "settings")
    state = State(version.VERSION, board.reset_cause(), device.get("sn", board.unique_id().hex()))
    log.info("app", "version %s on %s, SN %s, start by %s" % (state.version, board.name, state.sn, state.reset_cause))
    for name, reason in settings.ignored:
        log.warn("app", "stored %s ignored: %s" % (name, reason))
    state.damaged = _damaged(board.data)
    if state.damaged:
        log.error("app", "damaged: %s; ports whose role nobody knows are silent until a person decides" % state.damaged)
    state.restart_reason = why
    if why:
        log.warn("app", "it restarted by itself: " + why)
    board.set_outputs(settings.do_safe_mask)

    slots = Running(board.root)
    state.update_slot = slots.running

    def exhausted(name):
        """Start anew, so that memory is in one piece; not soon again: what has no room then is left to its pauses."""
        if slots.session or (why and clock.seconds() < _AGAIN_S):
            return
        try:
            text = name + " found no memory five times"
            log.error("app", "restart: " + text)
            record.save(board.data + _RESTART, {"why": text})
            slots.expect_restart()
        except (MemoryError, OSError):
            pass  # then it is not noted, and counts as one after a crash
        board.restart()

    supervisor = Supervisor(board.watchdog(_WATCHDOG_MS), exhausted)
    wake = asyncio.Event()

    def restart():
        """Start anew because somebody wants it; while an update comes in nothing happens, ask again."""
        if not slots.session:
            slots.expect_restart()
            board.restart()

    ports = buses.Ports(board, state, settings, restart)
    clients = Part("bridge.ports.clients", keep=_SHARED)
    portal = Part("bridge.tasks.portal", keep=_SHARED)
    updater = Part("bridge.tasks.updater", keep=_SHARED)
    uplink = Part("bridge.tasks.uplink", keep=_SHARED)
    bundle = slots.root + _BUNDLE
    console = Part("bridge.tasks.console")
    recorder = Part("bridge.tasks.recorder")
    typed = Typed()

    def begin_update(unsigned):
        return updater.load().begin(state, settings, slots, version.BOARD, unsigned)

    def try_broker(*broker):
        return uplink.load().trial(state, *broker)

    def decide(changes):
        """Let what a person wants count in place of what is damaged; return what is refused, as settings.apply does."""
        refused = settings.apply(changes, settings.damaged)
        if not refused:
            for name in ("limit", "ems", "outputs", "orders"):
                if name in state.damaged:
                    record.remove(board.data + name)
            state.damaged = _damaged(board.data)
        return refused

    def update_waits():
        asked = state.update_asked is not state.update_taken
        return slots.session or asked or state.update_state == "installed" or _there(bundle)

    def gateway_waits():
        return ports.has_gateway() and room.gateway_waits(free, state.hotspot_open)

    def gateway_due():
        return ports.has_gateway() and not gateway_waits()

    def network_due():
        return network_wanted(state, settings, kept)

    def direction_due():
        return direction_wanted(state, settings) and not room.direction_waits(free, state.hotspot_open)

    def orders_due():
        """The plant is commanded beside its limit, or holds such a command."""
        commands = (
            settings.plant_import
            or settings.plant_disconnect
            or settings.plant_reactive
            or settings.export_at == "grid"
        )
        return commands or (owed if state.orders_owed is None else state.orders_owed)

    def actuation_due():
        left = ports.limit.leaving
        return orders_due() or outputs_owned(settings) or (left and left.hosts)

    def look():
        """Let the flight recorder take its look, if one is wanted; begin a factory reset, if a person asked for one."""
        if state.reset_asked:
            try:
                record.save(board.data + _RESET, {"by": "button"})
                restart()
            except OSError:
                pass  # a second later it is tried again
        size = room.recorder_bytes(settings.recorder, free)
        if size or state.recorder:
            try:
                recorder.load().look(state, settings, size, ports.limit.command)
            except MemoryError:
                pass  # a second later there may be some
            if not size:
                recorder.unload()

    def history_due():
        return settings.mqtt_host and room.keeps_history(settings.history, free)

    def hotspot_due():
        return hotspot_wanted(state, settings)

    def version_undecided():
        """A version on trial is watched; any other one is settled once it has run for a steady minute."""
        return not state.version_decided and (slots.on_trial() or state.steady_s >= _STEADY_S)

    def part(name, module, wanted, delay_s, *arguments):
        supervisor.add(name, lambda beat: module.run(beat, wanted, *arguments), delay_s=delay_s)

    async def answer_console(beat):
        try:
            await console.run(beat, typed.marked, typed, state, settings, decide)
        except MemoryError:
            print(NO_MEMORY)  # else the program at the other end takes the bridge for dead, and stops it
            raise

    kept = _there(board.data + "wlan")
    owed = any((record.load(board.data + "orders") or {}).values())  # of tasks/orders
    gc.collect()
    free = gc.mem_free()
    web = _web()
    # fmt: off
    add = supervisor.add
    add("field_io", lambda beat: field_io.run(beat, board, state, settings, wake),        essential=True)
    add("control",  lambda beat: control.run(beat, state, settings, wake),                essential=True)
    add("rs485-1",  lambda beat: ports.run(beat, 1),                                      essential=True)
    add("rs485-2",  lambda beat: ports.run(beat, 2),                                      essential=True)
    add("watch",    ports.watch,                                                          essential=True)
    add("pulse",    lambda beat: pulse.run(beat, state, supervisor.healthy, board.system_heap, gateway_waits, look),
                                                                                          essential=True)
    add("leds",     lambda beat: leds.run(beat, board, state, settings))
    # What each takes: bridge/logic/room.py.
    #    what       its module                      loaded while                       after s  with
    part("hotspot", Part("bridge.tasks.hotspot"),   hotspot_due,                        1, state, settings, board, device)
    part("network", Part("bridge.tasks.network"),   network_due,                        1, state, settings, board)
    part("uplink",  uplink,                         lambda: settings.mqtt_host,         2, state, settings,
         web + "/entities.txt")
    part("history", Part("bridge.tasks.history", keep=_SHARED), history_due,            2, history_due, state,
         board.data + "history/", ports.gap)
    part("clients", clients,                        gateway_due,                        1, state, settings, ports,
         gateway_due, room.most_clients(free))
    part("trial",   Part("bridge.tasks.trial"),     version_undecided,                  2, state, settings, slots, board,
         supervisor)
    part("updater", updater,                        update_waits,                       2, state, settings, slots, board,
         bundle, update_waits)
    part("portal",  portal,                         lambda: state.hotspot_open,         2, state, settings, board,
         begin_update, web, try_broker, decide)
    part("direction", Part("bridge.tasks.direction"), direction_due,                    5, state, settings)
    part("actuation", Part("bridge.tasks.actuation"), actuation_due,                    1, state, settings, ports,
         board, actuation_due, orders_due)
    add("console",  answer_console, delay_s=2)
    # fmt: on
    return supervisor, state, settings, ports


def hotspot_wanted(state, settings):
    """Return True if the hotspot's window is to be looked at: once, without a system, after a press, for a trial."""
    if not state.hotspot_possible:
        return state.hotspot_possible is None
    return not settings.system_name or state.button_presses != state.hotspot_presses or state.hotspot_for_trial


def direction_wanted(state, settings):
    """Return True while it may be found out whether the sensor is mounted backwards, and is not known."""
    return state.sensor_link == state.plant_link == "ok" and state.direction_known != settings.sensor_inverted


def network_wanted(state, settings, kept):
    """Return True if a house network is set, or a broker that needs one, or one was joined that is not set any more.

    kept: the record of one was there at the start.
    """
    if state.wlan_kept is not None:
        kept = state.wlan_kept
    return settings.wlan_ssid or settings.mqtt_host or (kept and not settings.damaged)


def _restarted(path):
    """Return why the bridge ended its last life by itself, "" if it did not; the record goes."""
    note = record.load(path)
    try:
        record.remove(path)
    except OSError:
        pass  # the flash fails: it is told once more after the next start
    return str(note.get("why")) if note else ""


def _finish_reset(folder):
    if not record.load(folder + _RESET):
        return
    with Part("bridge.tasks.factory_reset", "bridge.tasks.factory_reset") as factory_reset:
        try:
            factory_reset.finish(folder)
            log.warn("app", "factory reset: settings and networks are gone, SN, hotspot password and version stay")
        except OSError as e:
            log.error("app", "factory reset: flash failed: %s; the next start goes on" % e)


def _damaged(folder):
    """Return the names of the records that are there and cannot be read, with commas between."""
    return ", ".join([name for name in _RECORDS if record.damaged(folder + name)])


def _web():
    """Return the folder of the pages: it lies beside the code, wherever that is."""
    for folder in sys.path:
        if _there(folder + "/web"):
            return folder + "/web"
    return "web"


def _there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True
