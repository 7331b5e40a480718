"""A port on which the bridge polls the power sensor."""

from bridge.ports.port import Port
from bridge.ports.reads import Reads
from modbus.master.master import Master
from modbus.master.slave import Slave
from modbus.pace.pacing import Pacing
from modbus.wire import rtu


class Sensor(Port):
    """The port object of the roles `master` and `gateway` of RS485-2."""

    def __init__(self, line, baud, parity, state, settings, device, path=None):
        """device: module of bridge/devices; path: record of what the sensor does not have."""
        slave = Slave(settings.sensor_unit, Pacing(rtu.silence_us(baud, parity)))
        bus = Master(line, baud, parity)
        Port.__init__(self, bus, slave)
        fast_ms, slow_ms = settings.sensor_poll_ms, settings.sensor_slow_ms
        longest = settings.sensor_longest
        self.reads = Reads(bus, slave, state, device, fast_ms, slow_ms, baud, parity, 0, longest, path)

    def follow(self, now):
        """Follow the slave's pace."""
        self.reads.replan(now)

    def spare_us(self):
        """Return for how long the reply that is waited for leaves the processor to others, 0 if none is."""
        return self.bus.spare_us()

    def hold(self, on):
        """As Port.hold."""
        return self.bus.hold(on)

    def link(self, now):
        """Return the link and why: an answering slave is ok only while all required values are good."""
        link = self.slave.link()
        return self.reads.health(now) if link == "ok" else (link, "")

    def words(self):
        """Return how fast it goes."""
        return self.reads.words()

    def pace(self):
        """Return what was learned of the slave's pace."""
        return self.slave.pace.snapshot()
