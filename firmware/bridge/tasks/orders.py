"""Brings the import limit to the plant, stops it where the contacts disconnect, and holds export at the grid connection;
releases what it commanded. Writer of orders, of what is owed, and of the cap that export leaves the plant.

Stepped by tasks/actuation. data/orders keeps, written before it is sent, which registers hold something by our doing
("owed", "former") and where ("unit", "host"), so that it is released after a crash too, and what other places may hold that
were the plant before ("left", see tasks/leaving).
"""

import clock
import log
from bridge import points
from bridge.devices import sigenergy
from bridge.devices.sigenergy import POWER_FACTOR, REACTIVE_SHARE, REMOTE_ENABLE, REMOTE_MODE
from bridge.logic.grid import command, orders
from bridge.ports.orders import EXPORT, IMPORTS, RELEASED, STOP, Order, StopOrder
from bridge.tasks.limit import left_at
from micropython import const
from parts import Part
from store import record

_AGAIN_MS = const(10000)  # a record that could not be written is tried again
_AT_GRID = (sigenergy.GRID_EXPORT, sigenergy.GRID_IMPORT)  # without the plant's own sensor there they do nothing
_PATIENCE_MS = const(10000)  # the rated power is waited for so long, then a share of it is 0 W


class Orders:
    """All commands beside the limit, with their record."""

    def __init__(self, state, settings, path):
        self._state = state
        self._settings = settings
        self._path = path
        kept = record.load(path) or {}
        owed, former = kept.get("owed"), kept.get("former")
        owed = [address for address in owed if isinstance(address, int)] if isinstance(owed, list) else []
        self._former = tuple(former) if isinstance(former, list) and len(former) == 2 else None
        unit, host, left = kept.get("unit"), kept.get("host", ""), kept.get("left")
        # Where something answers; None: not known yet, so what is owed is owed by whatever is the plant.
        self._place = (unit, host) if isinstance(unit, int) and isinstance(host, str) else None
        self._is_met = self._place is not None
        self.leaving = left_at(left, "orders") if isinstance(left, list) and left else None
        self._saved = owed, self._former, self._place, self.leaving.kept if self.leaving else ()
        self._save_at = None
        self._imports = [Order(address, name, address in owed) for address, name in IMPORTS]
        self._stop = StopOrder(state.readings, STOP[0] in owed)
        self._exports = Order(EXPORT[0], EXPORT[1], EXPORT[0] in owed)
        self._all = self._imports + [self._stop, self._exports]
        self._reactive_part, self._reactive = Part("bridge.tasks.reactive"), None
        self._sensor = points.number("plant_grid_sensor")
        self._unknown_at = None
        self._logged = {}
        self._export, self._at_grid = Part("bridge.tasks.export"), None

    def owed(self):
        """Return the addresses that hold something by our doing."""
        return [order.address for order in self._all if order.command.owed]

    def step(self, port, now):
        """Say what shall hold, record what is owed, and let the port carry it."""
        state = self._state
        if hasattr(port, "order"):
            self._follow_place(port, now)
        is_told = state.inputs_settled and not self._settings.unsure("grid_")
        if is_told:  # until then, what stands at the plant stands
            self._want(now)
        owed = self.owed()
        is_kept = self._keep(owed, now)
        words, sensor = [], state.readings.value(self._sensor)
        for order in self._all:
            order.command.rated_w = state.rated_w
            order.drive(port, now)
            text = order.words()
            if text and order.address in _AT_GRID and sensor == 0:
                text += ", without effect: the plant has no sensor at the grid"
            words += [text] if text else []
            self._log(order, text)
        if is_told and is_kept:
            text = self._dispatch(port, now)
            words += [text] if text else []
        if self.leaving and self.leaving.words:
            words.append(self.leaving.words)
        state.orders_owed = bool(owed or any(self._saved) or (self._reactive and self._reactive.busy()))
        state.orders = "; ".join(words)
        self._hold_export(now)

    def leave(self):
        """Take what is on the line away."""
        for order in self._all:
            order.leave()
        if self._reactive:
            self._reactive.remote.leave()
            self._reactive = self._reactive_part.unload()
        self._export.unload()
        self._state.export_cap_w = None
        self._state.orders = ""

    def _keep(self, owed, now):
        """Record what is to be undone, on change; return True if it stands in the record. Nothing that must be undone
        over a crash is done before."""
        former = self._reactive.remote.former if self._reactive else self._former
        place = self._place if self._is_met and (owed or former) else None
        keep = owed, former, place, self.leaving.kept if self.leaving else ()
        if keep == self._saved:
            self._save_at = None
            return True
        if self._save_at is None or clock.ticks_diff(now, self._save_at) >= 0:
            try:
                record.save(self._path, _record(*keep))
                self._saved, self._save_at = keep, None
                return True
            except OSError as e:
                self._save_at = clock.ticks_add(now, _AGAIN_MS)
                log.warn("orders", "could not be recorded (error %d)" % e.errno)
        return False

    def _follow_place(self, port, now):
        """Follow the plant to another unit or host: what was ordered at the one before is left there, to be released."""
        unit, host = port.slave.unit, port.host
        if self._place is None:
            self._place = unit, host
        elif self._place != (unit, host):
            items = self._items() if self._is_met else []
            if items:
                self.leaving = self.leaving or left_at((), "orders")
                self.leaving.add(self._place[0], self._place[1], items)
            known = self.leaving.take(unit, host) if self.leaving else None
            held = {item[0]: item[1] for item in known or ()}  # by our doing, at the place that is the plant again
            for order in self._all:
                order.command.move(order.address in held, now)
            if self._reactive:
                self._reactive.remote.leave()
                self._reactive = self._reactive_part.unload()
            self._former = (held[REMOTE_ENABLE], held[REMOTE_MODE]) if REMOTE_ENABLE in held else None
            self._place, self._is_met = (unit, host), known is not None
        self._is_met = self._is_met or port.slave.answered
        if self.leaving:
            self.leaving.waits = bool(self._items())
            self.leaving.step(port.bus, host, now)

    def _items(self):
        """Return what is to be written so that nothing stands of what was ordered, see leaving.Leaving."""
        items = [[order.address] + RELEASED[order.address] for order in self._all if order.command.owed]
        former = self._reactive.remote.former if self._reactive else self._former
        if former:  # as ports/remote leaves it: the enable first
            items += [[REMOTE_ENABLE, former[0]], [REACTIVE_SHARE, 0], [POWER_FACTOR, 1000], [REMOTE_MODE, former[1]]]
        return items

    def _dispatch(self, port, now):
        """Let reactive power be commanded where it is asked for; return what became of it in words."""
        wanted = self._settings.plant_reactive and self._state.reactive
        if not (wanted or self._former or (self._reactive and self._reactive.busy())):
            if self._reactive:
                self._reactive.remote.leave()
                self._reactive = self._reactive_part.unload()
            return ""
        if not self._reactive:
            self._reactive = self._reactive_part.load().Reactive(self._state, self._settings, self._former)
            self._former = None  # it knows by now
        self._reactive.step(port, now)
        return self._reactive.words()

    def _hold_export(self, now):
        state = self._state
        if self._settings.export_at == "grid":
            self._at_grid = self._at_grid or self._export.load().AtGrid(state, now)
            is_held = self._exports.command.state == "held" and state.readings.value(self._sensor) == 1
            state.export_cap_w = self._at_grid.cap_w(is_held, now)
        elif self._at_grid:
            state.export_cap_w = self._at_grid = self._export.unload()

    def _want(self, now):
        """Say what shall hold."""
        state = self._state
        waits = self._waits(now)
        imports, export, stop = wanted = orders.targets(
            self._settings, state.import_pct, state.import_w, state.export_w, state.limit_pct, state.rated_w, waits
        )
        if imports != "":
            for order in self._imports:
                order.command.want(imports, now)
        self._exports.command.want(export, now)
        self._stop.command.want(stop, now)
        if state.recorder:
            state.recorder.orders(state.orders, wanted, self._held(), waits, state)

    def _held(self):
        """Return the targets of the commands, None where nothing is wanted any more."""
        raws = [order.command.target for order in (self._imports[0], self._exports, self._stop)]
        return tuple([None if raw == command.NONE else raw for raw in raws])

    def _waits(self, now):
        """Return True while the plant's rated power is waited for, since a share of it was asked for first."""
        state = self._state
        if not self._settings.plant_import or state.import_pct >= 100 or state.rated_w:
            return False
        if self._unknown_at is None:
            self._unknown_at = now
        if self._unknown_at is not False and clock.ticks_diff(now, self._unknown_at) < _PATIENCE_MS:
            return True
        self._unknown_at = False  # for ever: no stamp grows old
        return False

    def _log(self, order, text):
        line = (order.command.state, order.command.target)
        if line != self._logged.get(order.address) and order.command.state not in ("wanted", "written"):
            told = self._logged.get(order.address)
            self._logged[order.address] = line
            if told or text:
                log.info("orders", text or order.name + " released")


def _record(owed, former, place, left):
    """Return what is stored, see the top."""
    kept = {"owed": owed}
    if former:
        kept["former"] = former
    if place:
        kept["unit"] = place[0]
        if place[1]:
            kept["host"] = place[1]
    if left:
        kept["left"] = left
    return kept
