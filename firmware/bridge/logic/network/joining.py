"""When to join the house network: at once for new credentials, then after growing pauses, rarely while a phone is busy.

New credentials do not replace those that joined before until they have joined themselves: a mistyped password must not cost
a bridge its house. After two failures in a row the ones of before have their turn, and then either in turn.

Station and hotspot share one radio: each attempt makes the phones on the hotspot stutter. So while somebody uses the
pages a lost network is tried at the slowest pace only. Never "not at all": a page left open must not keep a bridge away
from its house network for ever.
"""

from micropython import const

_FIRST_S = const(5)
_LAST_S = const(300)
_JOINING_S = const(30)  # no chip needs longer, DHCP included
_STEADY_S = const(60)  # joined this long: the next loss starts with the shortest pause
_TRIES = const(2)  # of new credentials before those of before: chips take a bad moment for a wrong password

_FAILURES = ("wrong password", "not found", "failed")


def pause_s(failures, chance):
    """Return the pause in s before the next attempt: three quarters of 5, 10, 20 ... 300 s up to five quarters.

    failures: in a row, 1 = the first; chance: random number 0..255, so that not all devices of a street return at once.
    """
    longest_s = min(_FIRST_S << min(failures - 1, 6), _LAST_S)
    return longest_s * 3 // 4 + longest_s * chance // 512


class Joining:
    """Decides when to start and to stop an attempt.

    word: what to show: off, joining, joined or why not. tried: (ssid, password) of the attempt, or of what is joined.
    refused: "ssid: why" of new credentials that did not join and had to make room for those of before, or "".
    """

    def __init__(self, known=None):
        """known: (ssid, password) that joined last, None if none ever did."""
        self.word = "off"
        self.tried = self._wanted = ("", "")
        self.refused = ""
        self._known = known
        self._active = False  # an attempt runs or the network is joined
        self._since_s = 0  # of the attempt, or of being joined
        self._due_s = 0
        self._failures = 0

    def step(self, ssid, password, status, busy, now_s, chance):
        """Return "join" `tried`, "leave", "joined" once after each success, or None: what the radio did or shall do now.

        status: word of the radio; busy: a phone uses the pages; chance: see pause_s.
        """
        if (ssid, password) != self._wanted:
            self._wanted = (ssid, password)
            if self._active and self.tried == self._wanted:
                return None  # the settings were put back to what is joined
            self.tried = self._wanted
            self.refused = ""
            self._failures = 0
            self._due_s = now_s
            if not ssid:
                self.word, self._known, self._active = "off", None, False
                return "leave"
            return self._begin(now_s)
        if not ssid:
            if not self._known:
                return None
            self._known = None  # it was taken out of the settings while nobody looked
            return "leave"
        if not self._active:
            # self._due_s was set for a calm hotspot; a busy one waits as if it were the longest pause
            due_s = self._due_s + (_LAST_S if busy and not self._other() else 0)
            return self._begin(now_s) if now_s >= due_s else None
        if status == "joined":
            if self.word != "joined":
                self.word, self._since_s, self._known = "joined", now_s, self.tried
                return "joined"
            if now_s - self._since_s >= _STEADY_S:
                self._failures = 0
            return None
        if status in _FAILURES:
            return self._give_up(status, now_s, chance)
        if self.word == "joined":
            return self._give_up("failed", now_s, chance)
        if now_s - self._since_s >= _JOINING_S:
            return self._give_up("failed", now_s, chance)
        return None

    def _other(self):
        """Return the credentials of before if they are others than the wanted ones, else None."""
        return self._known if self._known != self._wanted else None

    def _begin(self, now_s):
        self._active = True
        self.word, self._since_s = "joining", now_s
        return "join"

    def _give_up(self, word, now_s, chance):
        self._active = False
        self.word = word
        self._failures += 1
        self._due_s = now_s + pause_s(self._failures, chance)
        other = self._other()
        if other and self.tried != self._wanted:
            self.tried = self._wanted
        elif other and self._failures >= _TRIES:
            self.tried = other
            self.refused = "%s: %s" % (self._wanted[0], word)
            self._due_s = min(self._due_s, now_s + _FIRST_S)
        return "leave"  # the chip's own retries would go on, with the hotspot stuttering
