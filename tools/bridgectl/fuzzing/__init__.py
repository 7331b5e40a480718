"""What bridgectl.fuzzing is made of: inputs and oracles here, the decoders' side in chip/ (runs under MicroPython)."""
