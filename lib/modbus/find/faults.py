"""What a search heard besides good answers, and the likely faults in words."""

from micropython import const

_LEVELS = b"\x00\xff"
_SOME_SHOWN = const(3)
_NOISE = const(2)  # stray bytes that nobody minds
_SWAP = "A and B are most likely swapped (exchange the two wires; it harms nothing)"


class Evidence:
    """Collected during one search. A setting is (baud, parity)."""

    def __init__(self):
        self.requests = 0
        self.echo = False  # the line hears our own requests
        self.levels = 0  # bytes or answers of nothing but 0x00 and 0xFF
        self.noise = 0  # bytes that came without a question, too few to be talk
        self.babble = 0  # the same, many, and no whole frame at any setting
        self.alarms = 0  # times that something came during a sweep and nobody of those asked answered
        self.strays = 0  # times that something came which nobody had been asked for
        self.doubles = []  # (setting, unit) at which more than one device answers
        self.garbled = []  # (setting, unit) that answered, but never well
        self.talkers = []  # (setting, unit, function) that another master asks

    def heard(self, unit, function, address, count, status, buffer, at, when):
        """Take nothing from what a listener pairs: its table of polls says it all."""

    def unasked(self, buffer, count):
        """Take bytes that came without a question; return how many are more than a level."""
        levels = 0
        for i in range(count):
            levels += buffer[i] in _LEVELS
        self.levels += levels
        return count - levels

    def garble(self, setting, unit):
        """Note a unit that answered garbled each time."""
        if (setting, unit) not in self.garbled:
            self.garbled.append((setting, unit))

    def talk(self, setting, asked):
        """Note another master; asked: (unit, function) pairs."""
        for unit, function in asked:
            if (setting, unit, function) not in self.talkers:
                self.talkers.append((setting, unit, function))


def level_only(buffer, start, end):
    """Return True if buffer[start:end] is nothing but 0x00 and 0xFF."""
    for i in range(start, end):
        if buffer[i] not in _LEVELS:
            return False
    return True


def sentences(evidence, found):
    """Return the likely faults, each with what to do; the most certain first, [] if there is nothing to say."""
    said = []
    if evidence.talkers:
        (baud, parity), _, _ = evidence.talkers[0]
        whom = ", ".join(["%d (function %d)" % row[1:] for row in evidence.talkers[:_SOME_SHOWN]])
        said.append(
            "Another master talks at %d bps, parity %s, and asks unit %s: this port can listen, or that master "
            "must be taken off." % (baud, parity, whom)
        )
        return said
    if evidence.babble:
        said.append(
            "%d bytes came without a question and make no frame at any setting: %s, or the others talk faster than "
            "9600 bps or no Modbus RTU. Nothing was sent." % (evidence.babble, _SWAP)
        )
        return said
    if evidence.noise > _NOISE:
        said.append(
            "%d stray bytes came without a question: noise on the line. Check termination (120 ohm at both ends), "
            "bias and the cable. Only the likely addresses were asked." % evidence.noise
        )
    elif not found and evidence.alarms:
        said.append(
            "%d times bytes came that nobody had been asked for: noise on the line, or another master that seldom talks."
            % evidence.alarms
        )
    if not found and 2 * evidence.levels > evidence.requests:
        said.append(
            "Only 0x00 or 0xFF came back: the line rests at the wrong level. %s, or bias and ground are missing."
            % _SWAP
        )
    for (baud, _), unit in evidence.doubles:
        said.append(
            "Unit %d at %d bps answers twice: two devices with address %d, one slower than the other. Connect them one by "
            "one and give one another address." % (unit, baud, unit)
        )
    units = [unit for i, (_, unit) in enumerate(evidence.garbled) if unit not in [u for _, u in evidence.garbled[:i]]]
    if len(units) == 1 and evidence.noise <= _NOISE:
        (baud, parity), unit = evidence.garbled[0]
        said.append(
            "Unit %d at %d bps answers garbled every time, the others are silent: two devices with address %d answer "
            "at once. Connect them one by one and give one another address." % (unit, baud, unit)
        )
    elif units and evidence.noise <= _NOISE:
        said.append(
            "Garbage from %d addresses: noise or a reflecting line. Check termination (120 ohm at both ends), bias and "
            "the cable." % len(units)
        )
    if not found and not said:
        own = "The port works (it hears itself). " if evidence.echo else ""
        said.append(
            own + "No device answered at 1200 to 9600 bps. In this order: is it powered; exchange A and B (it harms "
            "nothing); are these its RS485 terminals; are its speed and address in its menu as they should be?"
        )
    return said
