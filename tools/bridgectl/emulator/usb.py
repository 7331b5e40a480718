"""The chip's USB console, with the emulator's armed-endpoint defect mended.

The stock console answers an armed OUT endpoint at once with an empty packet if it has nothing to say, so the
guest arms it again and serves USB interrupts for ever: everything looks 3.6 times slower. A real host sends
nothing until it has something. Here the read stays pending.
"""

from rp2040py.usb.cdc import USBCDC

_PACKET_BYTES = 64


class Console:
    """What the guest prints, and what is typed to it."""

    def __init__(self, mcu):
        """Attach to the USB controller of `mcu`."""
        self.received = bytearray()
        self.connected = False
        self._outgoing = bytearray()
        self._armed_bytes = None
        self._cdc = USBCDC(mcu.usb_ctrl)
        self._cdc.on_serial_data = self.received.extend
        self._cdc.on_device_connected = self._on_connected
        self._usb = mcu.usb_ctrl
        self._stock_read = self._usb.on_endpoint_read
        self._usb.on_endpoint_read = self._on_endpoint_read
        self._stock_reset = self._usb.on_reset
        self._usb.on_reset = self._on_reset

    @property
    def text(self):
        """Everything that the guest has printed so far, over resets."""
        return self.received.decode("utf-8", "replace").replace("\r\n", "\n")

    def write(self, content):
        """Type `content` (bytes) to the guest, as fast as it takes it."""
        self._outgoing += content
        self._serve()

    def _on_endpoint_read(self, endpoint, size):
        if endpoint != self._cdc._out_endpoint:
            self._stock_read(endpoint, size)
            return
        self._armed_bytes = size
        self._serve()

    def _serve(self):
        if self._armed_bytes is None or not self._outgoing:
            return
        count = min(self._armed_bytes, _PACKET_BYTES)
        packet, self._outgoing = self._outgoing[:count], self._outgoing[count:]
        self._armed_bytes = None
        self._usb.endpoint_read_done(self._cdc._out_endpoint, packet)

    def _on_connected(self):
        self.connected = True

    def _on_reset(self):
        self.connected = False
        self._armed_bytes = None
        self._stock_reset()
