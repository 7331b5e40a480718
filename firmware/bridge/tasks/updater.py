"""Installs bundles, from the page or from a file that the PC left. In memory only while it does.

One installation at a time: `begin` gives a Session, which the portal feeds with an upload, and which this task feeds
with the file of the PC. Writing blocks: up to 50 ms for each 4 kB that the flash erases, and on RP2040 no interrupt is
served meanwhile (a bus may lose a reply; it asks again).
"""

import asyncio
import os

import clock
import log
from micropython import const
from parts import Part
from slots.bundle import ASKED, CABLE, NOBODY
from slots.installer import Installer
from slots.slots import of
from slots.version import Refused

PRODUCT = "sigen-bridge"

_WHO = "updater"
_TURN_MS = const(1000)
_PIECE = const(512)  # bytes read from the file at once
_SILENT_S = const(60)  # an upload without a byte for so long has been given up
_GOODBYE_MS = const(3000)  # time for the page to show that it worked
_NO_MEMORY = "is short just now; the running version stays, try again after a restart"


class Session:
    """One installation: `await feed(chunk)` for every chunk, then `await finish()`; `close()` gives up at any point."""

    def __init__(self, state, slots, installer):
        self._state = state
        self._slots = slots
        self._installer = installer
        self.fed_s = clock.seconds()
        state.update_state = "receiving"
        state.update_percent = 0
        state.update_text = "receiving"

    async def feed(self, chunk):
        """Take the next bytes of the bundle. Raises Refused (its text says why) or OSError, and is over then."""
        view = memoryview(chunk)
        while view:
            count = self._guarded(self._installer.feed, view)
            self.fed_s = clock.seconds()
            view = view[count:]
            self._state.update_percent = self._installer.percent()
            await asyncio.sleep_ms(0)

    async def offer(self, at, chunk):
        """Take what is wanted of bytes that stand at `at` of the bundle; return where the next wanted one stands."""
        view = memoryview(chunk)
        while True:
            while self._guarded(self._installer.busy):
                self._guarded(self._installer.feed, b"")
                self.fed_s = clock.seconds()
                await asyncio.sleep_ms(0)
            wanted = self._installer.wanted()[0]
            if self.complete() or wanted - at >= len(view):
                return wanted
            view, at = view[wanted - at :], wanted
            count = self._guarded(self._installer.feed, view)
            self.fed_s = clock.seconds()
            view, at = view[count:], at + count
            self._state.update_percent = self._installer.percent()

    def wanted(self):
        """Return as Installer.wanted."""
        return self._installer.wanted()

    def complete(self):
        """Return as Installer.complete."""
        return self._installer.complete()

    async def finish(self):
        """Check and commit what came in; the bridge starts anew soon after. Raises as `feed` does."""
        while not self._guarded(self._installer.finish):
            self.fed_s = clock.seconds()
            await asyncio.sleep_ms(0)
        if not self._installer.signed:
            log.warn(_WHO, "no signature of this bundle was verified")
        self._over("installed", "version %s starts next, on trial" % self._installer.version)

    def close(self, why="given up"):
        """Give up, if it is not over yet: the running version stays."""
        if self._slots.session is self:
            self._over("refused", why)

    def _guarded(self, work, *args):
        """Do one piece of work; when it fails say so in the state and end the session."""
        if self._slots.session is not self:
            raise Refused("bundle", "is no longer being received")
        text = "stopped by a fault"
        result = None
        try:
            result = work(*args)
            text = ""
        except Refused as e:
            text = "refused: " + e.field + " " + e.rule
            raise
        except OSError as e:
            text = "flash failed: %s" % e
            raise
        except MemoryError:
            text = "memory " + _NO_MEMORY
        finally:
            if text:
                self._over("refused", text)
        if text:
            raise Refused("memory", _NO_MEMORY)
        return result

    def _over(self, result, text):
        self._installer.close()
        self._slots.session = None
        self._state.update_text = text
        self._state.update_state = result
        if result == "installed":
            self._state.update_percent = 100
            log.info(_WHO, text)
        else:
            log.warn(_WHO, text)


def begin(state, settings, slots, board_name, unsigned=CABLE, sparse=False):
    """Return a new Session. Raises Refused if another one is under way, a restart is due, or memory is short.

    unsigned: who takes the bundle without a verified signature, see slots/bundle.py; sparse: see Installer.
    """
    if slots.session or state.update_state == "installed":
        raise Refused("update", "one at a time, and one is under way")
    try:
        slots.session = _session(state, settings, slots, board_name, unsigned, sparse)
    except MemoryError:
        pass
    if not slots.session:
        raise Refused("memory", _NO_MEMORY)
    return slots.session


def _session(state, settings, slots, board_name, unsigned, sparse):
    # What works now is what the new version has to do too (bridge/logic/update/trial).
    note = (state.plant_link, state.sensor_link, state.uplink_connected, state.hotspot_possible)
    return Session(
        state, slots, Installer(of(slots), PRODUCT, board_name, settings.require_signature, note, unsigned, sparse)
    )


async def run(beat, state, settings, slots, board, path, waiting):
    """Take the update that waits, restart into what was installed; end when nothing waits.

    path: where the PC leaves a bundle; waiting(): a session is under way, that file is there, or a restart is due.
    """
    await asyncio.sleep_ms(0)  # others have waited for the import
    while state.update_state != "installed" and waiting():
        beat()
        session = slots.session
        if not session:
            if state.update_asked is not state.update_taken:
                await _install_from(beat, state, settings, slots, board.name)
            else:
                await _install_file(beat, state, settings, slots, board.name, path)
        elif clock.seconds() - session.fed_s > _SILENT_S:
            session.close("the sender went silent for %d s" % _SILENT_S)
        await asyncio.sleep_ms(_TURN_MS)
    if state.update_state == "installed":
        beat()
        await asyncio.sleep_ms(_GOODBYE_MS)
        log.info(_WHO, "restart into the new version")
        slots.expect_restart()
        board.restart()


async def _install_from(beat, state, settings, slots, board_name):
    """Install what lies on a web server: nobody can be asked, so a signature that is required has to be there."""
    url = state.update_taken = state.update_asked
    log.info(_WHO, "fetching " + url)
    session = None
    try:
        session = begin(state, settings, slots, board_name, NOBODY if settings.require_signature else ASKED, True)
        with Part("bridge.tasks.fetch") as fetch:
            await fetch.run(beat, state, session, url)
    except (Refused, OSError, MemoryError) as e:
        if session:
            session.close("memory " + _NO_MEMORY if isinstance(e, MemoryError) else str(e))
        else:
            state.update_state, state.update_text = "refused", str(e)
            log.warn(_WHO, state.update_text)
    finally:
        if session:
            session.close("stopped by a fault")  # without effect when it is over


async def _install_file(beat, state, settings, slots, board_name, path):
    """Install the file that the PC left, and remove it whatever comes of it: else it would be tried for ever."""
    log.info(_WHO, "installing " + path)
    session = None
    try:
        session = begin(state, settings, slots, board_name)
        with open(path, "rb") as file:  # noqa: ASYNC230 (there is no other way to read a file)
            await _feed_from(file, beat, session)
    except (Refused, OSError) as e:
        if session:
            session.close(str(e))  # says nothing new, unless it was the file that failed
        else:
            state.update_state, state.update_text = "refused", "memory " + _NO_MEMORY
            log.warn(_WHO, state.update_text)
    finally:
        if session:
            session.close("stopped by a fault")  # without effect when it is over
        os.remove(path)


async def _feed_from(file, beat, session):
    piece = bytearray(_PIECE)
    count = file.readinto(piece)
    while count:
        beat()
        await session.feed(memoryview(piece)[:count])
        count = file.readinto(piece)
    await session.finish()
