"""The bench: read, scan and play Modbus devices over a USB-RS485 adapter."""
