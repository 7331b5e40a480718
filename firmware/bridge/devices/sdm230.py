"""Registers of the Eastron SDM230 (Sigen Sensor SP-DH): all are float32 input registers, big-endian, in the unit named.

Source: Eastron SDM230 Modbus protocol (EU text) and SDM230-2T V1.1; 384 and 386 stand in V1.1 only, so they are optional.
"""

UNIT = 1
FUNCTION = 4
LONGEST = 60  # registers in one read; V1.1 allows 60, the EU text 80
