"""The COM terminal, once: pins 1 to 16, their names, what they are for, and where the sensor's wires go.

Everything that shows or prints wiring takes it from here. Plain tuples: works on the device and on the PC.
Source: installation guide 5.4.1 (single-phase SigenStor Home, version 05).
"""

NO_WIRE = 0  # a sensor column of TERMINAL: this pin does not go to the sensor

# fmt: off
TERMINAL = (
    # pin, name,     signal,    what is connected,                                   SDM230 pin, SDM120CT pin
    (1,  "DO1-COM", "DO1",     "dry contact 1, common",                               0,  0),
    (2,  "DO1-NO",  "DO1",     "dry contact 1, normally open",                        0,  0),
    (3,  "DO2-COM", "DO2",     "dry contact 2, common",                               0,  0),
    (4,  "DO2-NO",  "DO2",     "dry contact 2, normally open",                        0,  0),
    (5,  "DI1",     "DI1",     "power scheduling 1 (DRM, ripple control)",            0,  0),
    (6,  "DI2",     "DI2",     "power scheduling 2 (DRM, ripple control)",            0,  0),
    (7,  "DI3",     "DI3",     "power scheduling 3 (DRM, ripple control)",            0,  0),
    (8,  "DI4",     "DI4",     "power scheduling 4 (DRM, ripple control)",            0,  0),
    (9,  "DI5",     "DI5",     "reserved, free to be bound",                          0,  0),
    (10, "GND",     "GND",     "signal ground, common of DI1 to DI5",                 0,  0),
    (11, "PE",      "PE",      "shield of RS485-1",                                   0,  0),
    (12, "PE",      "PE",      "shield of RS485-2 and of the DI cable",               0,  0),
    (13, "485-B2",  "RS485-2", "sensor port, B-",                                     6,  9),
    (14, "485-A2",  "RS485-2", "sensor port, A+",                                     5, 10),
    (15, "485-A1",  "RS485-1", "custom port, A+ (plant, EMS controller, heat pump)", 0,  0),
    (16, "485-B1",  "RS485-1", "custom port, B- (plant, EMS controller, heat pump)", 0,  0),
)
# fmt: on

# Sensor models in the order of the last two columns of TERMINAL, with the name on the sensor's box.
SENSORS = (("SDM230", "Sigen Sensor SP-DH"), ("SDM120CT", "Sigen Sensor SP-CT120-DH"))

MAX_BAUD = 9600  # guide, table of cables; COM-7
MAX_CABLE_M = 1000  # likewise
