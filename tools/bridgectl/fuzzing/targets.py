"""Every decoder that eats what comes from outside: where it is and what it promises."""

import dataclasses

from bridgectl.fuzzing import broker, clients, stored, values, wires

_INPUTS = {"wires": wires, "clients": clients, "broker": broker, "stored": stored, "values": values}


@dataclasses.dataclass(frozen=True)
class Target:
    """`name` is the function in chip/<part>.py; `<name>_input` and `<name>_wrong` are in <part>.py."""

    name: str
    part: str
    decoder: str  # what of the project is run
    promise: str  # beside: no other exception than the typed one, no growth
    heap: str = "192k"
    slack: int = 512  # bytes by which the memory in use may differ: a stale word on the stack keeps an object alive

    def input(self, rng):
        """Return one input."""
        return getattr(_INPUTS[self.part], self.name + "_input")(rng)

    def wrong(self, data, answer):
        """Return what is wrong with the answer to an input, or None."""
        return getattr(_INPUTS[self.part], self.name + "_wrong")(data, answer)


# fmt: off
_TABLE = (
    Target("rtu_reply", "wires", "modbus.wire.rtu check, frame_length, describe",
           "good only if intact, of this unit, and as pymodbus reads it; what pymodbus takes for good is good"),
    Target("pdu_reply", "wires", "modbus.wire.pdu check, reply_length, objects, bit, word",
           "values as pymodbus reads them; an exception only if it was sent"),
    Target("pdu_length", "wires", "modbus.wire.pdu request_length, overheard_length, modbus.listen.frames",
           "lengths as pymodbus counts them"),
    Target("server", "wires", "modbus.server.server Server.answer with all functions",
           "every value read and written is as pymodbus reads request and answer; good ones are not refused"),
    Target("own_map", "wires", "bridge.logic.doors.register_map behind modbus.server.server",
           "an answer that pymodbus reads, or an exception of 1 to 4; outputs only by functions 5 and 15"),
    Target("serving", "wires", "modbus.server.serving: frames out of a stream, answers on the line",
           "every frame sent answers a request that was on the line, every write was asked for there"),
    Target("master", "wires", "modbus.master: master, reply, job, request on a line of faults",
           "a result is a frame that came, of the unit and function that was asked, with as many registers"),
    Target("listener", "wires", "modbus.listen.listener feed and its tables",
           "what is reported was on the wire, request before answer"),
    Target("finder_reply", "wires", "modbus.find.port ask: judging replies among echoes and noise",
           "good only if such a frame came, with these registers"),
    Target("finder", "wires", "modbus.find.finder search with its signatures on a line of strangers",
           "ends, and tells only settings and units that exist", heap="512k"),
    Target("tcp", "clients", "modbus.wire.tcp Stream",
           "the requests that a simple reader of the standard finds"),
    Target("gateway", "clients", "modbus.gateway.gateway submit and step behind modbus.wire.tcp, on a bus that fails",
           "one answer for each request, with the slave's values as pymodbus reads them; nothing stays open", slack=6144),
    Target("mqtt", "broker", "mqtt.decoder",
           "ProtocolError, else the events that a reader by the book finds"),
    Target("mqtt_client", "broker", "mqtt.client and mqtt.link, from login to the end",
           "OSError, ProtocolError, MQTTException; the messages that a reader by the book finds"),
    Target("dns", "clients", "captive.dns answer",
           "none, or a well-formed reply to this question with our address"),
    Target("http_head", "clients", "http.request Request",
           "Rejected, else the method, path, headers and body that are there; a plain request is not refused"),
    Target("portal", "clients", "bridge.tasks.portal with http, admission and pages",
           "an answer that is no 500; settings change only by our own pages and within their limits", heap="512k"),
    Target("record", "stored", "store.record load", "null, or what the file says with the right checksum"),
    Target("settings", "stored", "bridge.settings load, check, apply on a record of anything",
           "only values that the table allows; what is stored loads to the same"),
    Target("boot", "stored", "boot.choose and slots.slots on files of anything", "a complete slot is always found"),
    Target("bundle", "stored", "slots.installer, slots.bundle, slots.version",
           "Refused, else what the PC's own reader unpacks, and no file elsewhere", heap="256k"),
    Target("command", "values", "bridge.logic.doors.messages command",
           "does only what the table of settings allows; answers JSON"),
    Target("fields", "values", "bridge.logic.doors.pages fields and its rules, bridge.settings check",
           "takes only what the table of settings allows"),
    Target("readings", "values", "bridge.readings put with the tables of all devices",
           "no value out of its point's range counts as good, no counter runs backwards"),
)
# fmt: on
TARGETS = {target.name: target for target in _TABLE}
