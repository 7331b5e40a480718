"""Reads what a flight recorder kept, decides it once more by the firmware's own modules, and tells it to a person."""
