"""What the state says of the two ports: links, words and counts. Driven by tasks/buses twice a second."""

import clock
import log
from bridge import points
from micropython import const
from modbus.wire import rtu

_SELDOM = const(4)  # at every fourth report words and counts are told anew: that leaves kilobytes of garbage
_LONGEST_TEXT = const(250)  # characters; Home Assistant takes 255
# What a port that polls or hears the device is for it; a port with another role has nothing to do with it.
_OF_THE_DEVICE = ("master", "gateway", "listen")


class Reports:
    """Remembers what was told, so that only what is new is told and logged."""

    def __init__(self, state):
        self._state = state
        self._links = ["starting", "starting"]
        self._count = 0

    def tell(self, ports):
        """Tell how the ports fare: the links each time, the rest seldom or when a link has changed. ports: buses.Ports."""
        links, whys = ["off", "off"], ["", ""]
        is_new = self._count % _SELDOM == 0
        self._count += 1
        for place in range(2):
            port, role = ports.objects[place], ports.roles[place]
            if not port:
                continue
            link, why = port.link(clock.ticks_ms())
            if self._links[place] != link:
                self._links[place] = link
                is_new = True
                status = why or rtu.describe(port.slave.status)
                log.info("rs485-%d" % (place + 1), "%s: link %s (%s), %s" % (role, link, status, port.words()))
            whys[place] = why
            if role in _OF_THE_DEVICE:
                links[place] = link
        state = self._state
        _tell_renewed(state.readings)
        state.plant_link, state.sensor_link = links
        state.plant_why, state.sensor_why = whys
        if is_new:
            state.rs485 = tuple([_words(ports.roles[i], ports.objects[i], whys[i]) for i in range(2)])
            state.rs485_stats = tuple([_stats(port) for port in ports.objects])


def _tell_renewed(readings):
    """Say that a counter began anew: its meter was replaced or reset."""
    if readings.renewed >= 0:
        name = list(points.rows())[readings.renewed][0]
        log.warn("readings", "%s begins anew at %s" % (name, readings.last(readings.renewed)))
        readings.renewed = -1


def _words(role, port, why):
    if not port:
        return "off"
    text = "%s: %s" % (role, why or port.slave.link())
    words = port.words()
    return ("%s, %s" % (text, words) if words else text)[:_LONGEST_TEXT]


def _stats(port):
    if not port:
        return {}
    stats = dict(zip(port.bus.count_names, port.bus.counts))
    stats.update(port.pace())
    return stats
