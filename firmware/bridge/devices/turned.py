"""A sensor that is mounted backwards, as if it were not; loaded where the setting sensor_inverted says so.

A current that flows the other way turns the sign of active and reactive power and of the power factor, moves the phase
angle by half a turn, and is counted and averaged as exported where it was imported. Voltage, current, apparent power,
frequency, and what has no direction in a meter as it comes (the totals, the demand of all power) stay as they are.
"""

# point -> scale, as Readings.bind takes it
_SCALES = {
    "sensor_power": -1,
    "sensor_reactive_power": -1,
    "sensor_power_factor": -1,
    "sensor_phase_angle": -180,
}


class Turned:
    """Stands for a device module of bridge/devices; registers.rows() gives its rows turned."""

    def __init__(self, device):
        self.__name__ = device.__name__
        self.UNIT = device.UNIT
        self.FUNCTION = device.FUNCTION
        self.LONGEST = device.LONGEST

    def turn(self, row):
        """Return a row of the device's table as it is to be read."""
        address, kind, scale, point, pace, optional = row
        return address, kind, _SCALES.get(point, scale), _other(point), pace, optional


def _other(point):
    """Return the point that a register of `point` stands for: import and export change places."""
    if "_import_" in point:
        return point.replace("_import_", "_export_")
    return point.replace("_export_", "_import_")
