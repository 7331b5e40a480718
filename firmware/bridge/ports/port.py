"""What every port has, whatever its role; a role without one of these things has its empty result."""

FREE_US = 1 << 29


class Port:
    """Base of the port objects that ports/roles makes.

    bus: what owns the line: run(beat), stopped, counts, count_names. slave: who is at the other end: link(), status. What
    can command the plant beside its limit has order() and job() too, see ports/plant. host: where the other end is, "" = at
    the port's own terminals.
    """

    host = ""

    def __init__(self, bus, slave):
        self.bus = bus
        self.slave = slave

    def carry(self, command, now):
        """Do what is due of a grid.command.LimitCommand; return False if this role does not command the plant."""
        return False

    def follow(self, now):
        """Follow the pace of the other end and changed settings; called twice a second."""

    def link(self, now):
        """Return how the other end fares, and why in words: "" where the link says it all."""
        return self.slave.link(), ""

    def spare_us(self):
        """Return for how long a reply that is waited for leaves the processor to others; FREE_US: nobody is asked here."""
        return FREE_US

    def hold(self, on):
        """Ask nothing new while `on`; return True while an answer is waited for."""
        return False

    def words(self):
        """Return what there is to say beside the link."""
        return ""

    def pace(self):
        """Return what was learned of the slave's pace, by name: {} if nobody is asked."""
        return {}
