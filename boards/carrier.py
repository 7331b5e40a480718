"""The carrier board that both reference chips share: contacts, relays, LED strip, button, two RS485 ports.

A board gives its pins and adds what its chip does differently. Pins and wiring: boards/README.md.
"""

import machine
from machine import Pin
from micropython import const
from neopixel import NeoPixel
from rs485 import Line

_LEDS = const(8)  # two per segment: DC, AC, BAT, MGMT


class Carrier:
    """The Board interface (firmware/ARCHITECTURE.md) but for watchdog, reset cause and radio."""

    led_count = _LEDS
    http_port = 80
    dns_port = 53
    data = "/data/"
    root = "/"
    gc_threshold = 40_000  # bytes between collections: seldom makes holes in a heap of 200 kB
    radio_text = ""  # why there is no radio, once it is known
    _tick_ms = 1  # a sleep of the event loop ends with a tick of the system

    def __init__(self, ports, contacts, relays, strip, button, modem_leds):
        """Take the pins. ports: ((uart, tx, rx, de) of RS485-1, the same of RS485-2); the others GPIO numbers.

        contacts: ((gpio, pulled up inside), ...) of DI1 to DI5; relays: of DO1 and DO2.
        """
        # Before anything else: no relay clicks and no transceiver disturbs a bus that others use.
        self._relays = [Pin(gpio, Pin.OUT, value=0) for gpio in relays]
        self._drivers = [Pin(port[3], Pin.OUT, value=0) for port in ports]
        self._ports = ports
        self._contacts = [Pin(gpio, Pin.IN, Pin.PULL_UP if pull else None) for gpio, pull in contacts]
        self._button = Pin(button, Pin.IN, Pin.PULL_UP)
        self._modem_leds = [Pin(gpio, Pin.OUT, value=0) for gpio in modem_leds]
        self._strip = NeoPixel(Pin(strip, Pin.OUT, value=0), _LEDS)
        self._radio = None

    def inputs(self):
        """Return the contacts as a bit mask: bit 0 = DI1 ... bit 4 = DI5, 1 = closed to GND; raw, not debounced."""
        mask = 0
        bit = 1
        for pin in self._contacts:
            if not pin():
                mask |= bit
            bit <<= 1
        return mask

    def set_outputs(self, mask):
        """Switch the relays: bit 0 = DO1, bit 1 = DO2, 1 = closed."""
        for pin in self._relays:
            pin(mask & 1)
            mask >>= 1

    def show(self, rgb):
        """Send rgb, 3 bytes (R, G, B) per LED, to the strip; interrupts are off for about 0.25 ms.

        Nothing comes back from a strip: call it again now and then, and one that is plugged in late lights up too.
        Raises ValueError if rgb is not led_count * 3 bytes long.
        """
        if len(rgb) != _LEDS * 3:
            raise ValueError("the strip takes %d bytes" % (_LEDS * 3))
        grb = self._strip.buf
        for i in range(0, _LEDS * 3, 3):
            grb[i] = rgb[i + 1]
            grb[i + 1] = rgb[i]
            grb[i + 2] = rgb[i + 2]
        self._strip.write()

    def modem_leds(self, mask):
        """Switch the modem's LEDs: bit 0 = power, bit 1 = network."""
        for pin in self._modem_leds:
            pin(mask & 1)
            mask >>= 1

    def button(self):
        """Return True while the button is pressed; raw, not debounced."""
        return not self._button()

    def rs485(self, port, baud, parity):
        """Return the line of RS485 port 1 or 2, newly opened; parity "N", "E" or "O"; 8 data bits, 1 stop bit.

        Raises ValueError: port unknown, baud rate above 9600 (COM-7) or unknown, parity unknown.
        """
        if port not in (1, 2):
            raise ValueError("RS485 port %r: must be 1 or 2" % (port,))
        uart, tx, rx, _de = self._ports[port - 1]
        line = self._make_line(uart, tx, rx, self._drivers[port - 1], baud, parity)
        line.tick_ms = self._tick_ms
        return line

    def wlan(self):
        """Return the radio, or None in an image without one. The first call starts the chip's radio driver."""
        if self._radio is None:
            self._radio = self._make_radio()
        return self._radio

    def system_heap(self):
        """Return None: all memory is Python's. A chip whose drivers have their own returns (free, largest piece)."""
        return None

    def lan(self):
        """Return None: the reference boards have no Ethernet."""
        return None

    def modem(self):
        """Return None: the reference boards have no modem."""
        return None

    def unique_id(self):
        """Return the chip's own number as bytes."""
        return machine.unique_id()

    def restart(self):
        """Open the relays, release the buses and reset the chip; does not return."""
        self.set_outputs(0)
        for pin in self._drivers:
            pin(0)
        machine.reset()

    def _make_line(self, *port):
        return Line(*port)

    def _make_radio(self):
        return None
