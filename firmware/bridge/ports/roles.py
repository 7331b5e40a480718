"""What an RS485 port does: from its role in the settings to the object that does it. Roles are loaded when they are wanted.

What a port object has, ports/port says.
"""

from bridge.devices import models

# The settings that a port is made from begin with these; when one changes, the port is made anew.
_PREFIXES = {
    "master": ("sensor_", "plant_"),
    "gateway": ("sensor_", "plant_"),
    "listen": ("sensor_", "plant_"),
    "server": ("server_", "system_name"),
    "meter": ("meter_model", "meter_unit", "meter_think_ms", "sensor_model"),  # the others are followed in place
    "find": (),
    "off": (),
}
_LACKS = "lacks_%d"  # record of what the device at a port does not have
_POLLS = ("master", "gateway")
_OF_THE_SENSOR = _POLLS + ("listen",)


def made_from(settings, number):
    """Return the values that a port is made from, to compare with later ones; its role comes first.

    A port is off while nobody knows its role: it may hang on somebody's bus.
    """
    own = "rs485_%d_" % number
    role = "off" if settings.unsure(own) else getattr(settings, own + "role")
    return (role,) + tuple(settings.starting((own,) + _PREFIXES[role]))


def make(board, state, settings, number):
    """Return the object of a port, or None if it is off. Raises OSError if the line cannot be opened."""
    own = "rs485_%d_" % number
    role = made_from(settings, number)[0]
    baud, parity = getattr(settings, own + "baud"), getattr(settings, own + "parity")
    model = settings.sensor_model
    if role == "off" or (number == 2 and model == "none" and role in _OF_THE_SENSOR):
        return None
    if role == "find":
        from bridge.ports.find import Find

        return Find(board, number)
    path = board.data + _LACKS % number
    if number == 1 and settings.plant_host and role in _POLLS:
        from bridge.ports.network_plant import NetworkPlant

        state.readings.come_from("plant_", settings.plant_unit)
        return NetworkPlant(state, settings, path)
    line = board.rs485(number, baud, parity)
    if role == "server":
        from bridge.ports.server import Server

        return Server(line, baud, parity, board, state, settings)
    if role == "meter":
        from bridge.ports.meter import Meter

        serial = int.from_bytes(board.unique_id()[-4:], "big")
        return Meter(line, baud, parity, state, settings, serial)
    device = models.plant() if number == 1 else models.sensor(model)
    if number == 1:
        state.readings.come_from("plant_", settings.plant_unit)
    else:
        # The one place where a sensor is turned: whoever takes its values from the readings has them turned once.
        state.readings.come_from("sensor_", (model, settings.sensor_unit, settings.sensor_inverted))
        if settings.sensor_inverted:
            from bridge.devices.turned import Turned

            device = Turned(device)
    if role == "listen":
        from bridge.ports.listen import Listen

        unit = settings.plant_unit if number == 1 else settings.sensor_unit
        functions = b"\x03\x04" if number == 1 else b"\x04"
        return Listen(line, baud, parity, state, ((unit, device, functions),))
    if number == 1:
        from bridge.ports.plant import Plant

        return Plant(line, baud, parity, state, settings, path)
    from bridge.ports.sensor import Sensor

    return Sensor(line, baud, parity, state, settings, device, path)
