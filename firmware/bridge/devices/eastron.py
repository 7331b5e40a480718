"""Holding registers of the Eastron meters SDM230 and SDM120CT, their codes, and where their maps end.

Source: Eastron SDM230 Modbus protocol (EU text), SDM120 Modbus protocol V2.4/V2.5. The instrument type, which the EU text
mentions for single registers, is what a SolaX X1 asks an SDM230 for first; its answer was traced in
github.com/syssi/esphome-solax-x1-mini, issue 20. What an SDM120CT says there is not known.
"""

# Model -> last address of its documents, its meter code.
MODELS = (("sdm230", 387, None), ("sdm120ct", 345, 0x0020))
BAUD_CODES = ((2400, 0), (4800, 1), (9600, 2), (1200, 5))
PARITIES = "NEO"  # by their codes

# address, kind, value, what a write may say: values, a (low, high) or None; a value as text is one of the meter's own
# fmt: off
HOLDING = (
    (2,     "f", 60,       ((0, 60),)),          # SDM120CT: demand period, min
    (11,    "H", 0x00A8,   None),                # SDM230: instrument type
    (12,    "f", 100,      (60, 100, 200)),      # pulse width, ms
    (18,    "f", "parity", (0, 1, 2, 3)),
    (20,    "f", "unit",   ((1, 247),)),
    (28,    "f", "baud",   (0, 1, 2, 5)),
    (86,    "f", 4,        (1, 2, 4, 5, 6, 8)),  # pulse 1 counts exported energy
    (63760, "H", 0,        (0, 1, 2, 3)),        # pulse constant
    (63776, "H", 2,        (1, 2, 3)),           # total = import + export
    (64512, "I", "serial", None),
    (64514, "H", "code",   None),                # SDM120CT
)
# fmt: on
ONLY_120CT = (2, 64514)
ONLY_230 = (11,)
