"""The Modbus engine against the wire: what bridgectl.engine_figures measures with."""
