"""What of the announcement to Home Assistant is done, and the uplink in words. Pure."""


class Announcing:
    """Which discovery message goes next. A message counts as sent when the broker has acknowledged it.

    The caller publishes `next_message()` into an empty queue with QoS 1: when it is empty again, that was acknowledged.
    """

    def __init__(self):
        self._made_of = None
        self._sent = -1  # message that was handed over last
        self.messages = 0  # how many there are, see entities.count
        self.done = False

    def follow(self, *made_of):
        """Begin again if what the announcement is made of has changed: the prefix first, "" = nothing is announced."""
        if self._made_of != made_of:
            self._made_of = made_of
            self.begin()

    def begin(self):
        """Announce everything again: a new session, for the broker may have lost it, or Home Assistant was started."""
        self._sent = -1
        self.done = False

    def again(self):
        """Offer the message once more that next_message gave: it could not be made."""
        self._sent -= 1

    def next_message(self):
        """Return the number of the message to publish now, None if there is none. The last one is acknowledged."""
        if self.done or not self._made_of or not self._made_of[0]:
            return None
        self._sent += 1
        if self._sent < self.messages:
            return self._sent
        self.done = True
        return None


def words(state, error, network, topic):
    """Return the uplink for people: what holds, and what to do next. topic: where commands come in."""
    if not state.uplink_connected:
        return (error or "connecting") if network else "no network"
    if state.uplink_commands is False:
        return "connected, but no command can come in: allow the bridge to subscribe to %s at the broker" % topic
    return "connected"
