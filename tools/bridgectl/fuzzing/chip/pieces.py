"""A stream that hands over what the input says, for decoders that read one."""


class Pieces:
    """A stream that hands its bytes over in pieces of one size, then ends; what is written to it is kept."""

    def __init__(self, data):
        """data: size of the pieces, then the bytes."""
        self.size = max(data[0], 1) if data else 1
        self.rest = data[1:]
        self.written = []

    def take(self, buffer):
        """Put the next piece into buffer; return its length, 0 = the end."""
        count = min(self.size, len(self.rest), len(buffer))
        buffer[:count] = self.rest[:count]
        self.rest = self.rest[count:]
        return count
