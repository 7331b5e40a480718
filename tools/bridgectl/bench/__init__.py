"""The bench: read, scan and play Modbus devices over a USB-RS485 adapter."""

from bridgectl import firmware

firmware.load()  # the bench works with the firmware's own codecs and register tables
