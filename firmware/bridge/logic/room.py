"""Which part gives way on a board whose memory does not hold all of them at once. Pure.

Measured on the official Pico W image, its code in RAM, in kB: both buses alone leave 79; an open hotspot takes 25 of them,
WLAN and a broker 30, two gateways 22, the roles listen 11, server and meter 6. So all fits together but
gateways beside the hotspot, and whoever stands at the board comes first.
"""

from micropython import const

_ROOMY = const(
    150_000
)  # bytes free before ports and parts are made (Pico W 126, in place some 180 kB): room for all at once


def gateway_waits(free_at_start, hotspot_open):
    """Return True while the gateways have to be closed. free_at_start: bytes free before any part was loaded."""
    return hotspot_open and free_at_start < _ROOMY


def direction_waits(free_at_start, hotspot_open):
    """Return True while the sensor's direction is not watched: with its 4 kB a small board does so only for a visitor."""
    return not hotspot_open and free_at_start < _ROOMY


def most_clients(free_at_start):
    """Return how many clients a gateway may have at once: a third one on a small board took what its imports need."""
    return 16 if free_at_start >= _ROOMY else 1


def recorder_bytes(wanted, free_at_start):
    """Return how large the ring of the flight recorder is, 0 = there is none. wanted: the setting."""
    if free_at_start >= _ROOMY:
        return 0 if wanted == "off" else 16384
    return 2048 if wanted == "on" else 0


def keeps_history(wanted, free_at_start):
    """Return True if what the uplink misses is kept in flash; a small board, of which it takes 9 kB, has to be asked."""
    return wanted == "on" or (wanted == "auto" and free_at_start >= _ROOMY)


def gateway_text(waits, gateway):
    """Return how the gateways fare, in words. gateway: what ports/clients tells of them."""
    if waits:
        return "closed while the hotspot is open: this board has no memory for both"
    return gateway.get("text", "off")
