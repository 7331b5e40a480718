"""Registers of the Eastron SDM120CT-40mA (Sigen Sensor SP-CT120-DH): float32 input registers, big-endian.

Source: Eastron SDM120 Modbus protocol V2.4/V2.5 and the EU text. The two disagree on the phase angle (EU only) and on
the demand values (V2.x only), so those are optional: a meter that refuses them goes on without.
"""

UNIT = 1
FUNCTION = 4
LONGEST = 60  # registers in one read
