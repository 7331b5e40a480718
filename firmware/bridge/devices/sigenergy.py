"""The part of the plant's Modbus map that the bridge uses: input registers at unit 247, and the register of the limit.

Powers are kW with gain 1000 on the wire, so a raw value is W. Values are big-endian, high word first.
Source: Sigenergy Modbus Protocol V2.9; registers that older firmware refuses (exception 2) are optional.
"""

UNIT = 247
FUNCTION = 4
LONGEST = 124  # registers in one read
PERIOD_MS = 1000  # least time between two requests on the link, chapter 3

HOLES = ((30073, 10),)  # reserved: whoever reads over them may be refused

# PCS maximum export limitation: uint32, W on the wire; global since V2.5, no sensor and no remote-EMS mode needed.
LIMIT_ADDRESS = 40042
LIMIT_NONE = 0xFFFFFFFF  # "not in force"

START_STOP = 40000  # function 6 only, cannot be read: 0 stops the plant, 1 starts it
GRID_EXPORT = 40038  # as the limit, at the grid connection: needs the plant's own grid sensor; since V2.5
GRID_IMPORT = 40040  # as the limit, at the grid connection: needs the plant's own grid sensor; since V2.5
DISPATCH, REACTIVE_SHARE, POWER_FACTOR = 40001, 40006, 40007  # targets: int32 W; 0.01 % of the rated power; thousandths
REMOTE_ENABLE, REMOTE_MODE = (
    40029,
    40031,
)  # remote EMS: targets count in mode 0 alone, V2.5 to V2.7 took reactive ones without
PCS_IMPORT = 40044  # as the limit, at the inverter's terminals; since V2.5

# Bits of alarm 1 (30027) and 2 (30028), appendix; masks by the side of the plant they speak of, and what the document does
# not name is the inverter's. The other words are of one side each: 30029 battery, 30072 DC, 30030, 30280 and 30281 AC.
ALARM_1_DC = 0x01E2  # low insulation, PV string over-voltage, reversed, back-filling, AFCI
ALARM_1_AC = 0xFE10  # grounding, grid outage, voltage, frequency, imbalance, DC component
ALARM_1_INVERTER = 0x000D  # version mismatch, over-temperature, equipment fault
ALARM_1_OUTAGE = 0x0200  # of the grid
ALARM_2_OVERLOAD = 0x0010  # off-grid protection; on the grid it is a fault of the AC side
ALARM_2_AC = 0x0180  # phase sequence, short to PE
ALARM_2_INVERTER = 0xFE6F  # leakage, communication, internal and manual protection, AFCI self-test, soft start
ALARM_GATEWAY_OUTAGE = 0x0080  # a phase of the grid is missing

STANDBY, RUNNING, FAULT, SHUTDOWN, ENVIRONMENT = 0, 1, 2, 3, 7  # plant_running_state


def limit(frame, at):
    """Return the value of the limit's register, whose four bytes are at frame[at]."""
    return frame[at] << 24 | frame[at + 1] << 16 | frame[at + 2] << 8 | frame[at + 3]
