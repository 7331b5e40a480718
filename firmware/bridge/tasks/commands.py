"""Commands of the `set` topic: obeyed, and answered when their effect is there. In memory only while one waits.

Writer of the output command, of what an EMS asks for, of update_asked, and of the time of the day.
"""

import clock
import log
from bridge.logic.doors import set_message
from bridge.logic.grid.outputs import ordered
from micropython import const
from parts import Part

_MOST_WAITING = const(8)  # commands that wait for their effect
_LINES = const(6)  # of the flight recorder's file in a message, 500 bytes
_ANSWER_MS = const(3000)  # a command is confirmed, or reported as not done, after so long at most


class Commands:
    """What was commanded and is not answered yet."""

    def __init__(self, state, settings, answer, client=None, topic=""):
        """answer: takes a dict for the result topic. client, topic: where the flight recorder's file goes."""
        self._state = state
        self._settings = settings
        self._answer = answer
        self._rules = Part("bridge.settings_check", keep=("utf8",))
        self._client, self._topic = client, topic
        self._file = None  # what is still to be sent of the flight recorder's file, lines
        self._piece = ""  # the next piece of it
        self._waiting = []  # (bits, mask, answer, deadline)

    def take(self, payload, retained):
        """Obey a message, or answer why not."""
        try:
            self._rules.load()  # to check and to change settings: brought in once, that is a tenth of a second
        except MemoryError:
            self._answer({"id": None, "ok": False, "errors": {"message": "found no memory; send it again"}})
            return
        try:
            self._take(payload, retained)
        finally:
            self._rules.unload()

    def _take(self, payload, retained):
        outputs, changes, limits, minute, answer = set_message.read(payload, retained, self._settings)
        if not answer["ok"]:
            self._answer(answer)
            return
        if changes:
            try:
                self._settings.apply(changes)
            except OSError as e:
                answer["ok"] = False
                answer["errors"] = {"settings": "could not be stored (error %d); nothing was changed" % e.errno}
                self._answer(answer)
                return
            except MemoryError:  # of the record: the session and its other commands are worth more
                answer["ok"] = False
                answer["errors"] = {"settings": "found no memory; nothing was changed, send it again"}
                self._answer(answer)
                return
            log.info("uplink", "settings changed: " + ", ".join(sorted(changes)))
        if limits:
            state = self._state
            # Of two messages at once none is lost: what is not taken yet goes with it.
            state.ems_asked = limits if state.ems_asked is state.ems_taken else state.ems_asked + limits
        if minute is not None:
            self._state.day_clock = minute, clock.seconds()
        if "update" in answer:
            self._state.update_asked = answer["update"]
        if "recording" in answer:
            if not self._state.recorder:
                answer["ok"], answer["errors"] = False, {"recording": "is off; set recorder to on"}
                self._answer(answer)
                return
            with Part("bridge.logic.doors.recording_file") as file:
                self._file = file.lines(self._state, self._settings, clock.ticks_ms())
        if outputs is None:
            self._answer(answer)
            return
        if len(self._waiting) >= _MOST_WAITING:
            answer["ok"] = False
            answer["errors"] = {"message": "too many commands at once; wait for their answers"}
            self._answer(answer)
            return
        now, state = clock.ticks_ms(), self._state
        state.output_command = ordered(state.output_command, outputs[0], outputs[1], clock.seconds(), now)
        self._waiting.append(outputs + (answer, clock.ticks_add(now, _ANSWER_MS)))

    def confirm(self, now):
        """Answer the commands whose effect is there, or that waited too long; return True while one waits, or a file."""
        if self._file:
            self._send_piece()
        while self._waiting:
            bits, mask, answer, deadline = self._waiting[0]
            outputs = self._state.outputs
            done = not (outputs ^ mask) & bits
            if not done and clock.ticks_diff(deadline, now) > 0:
                return True
            self._waiting.pop(0)
            answer["ok"] = done
            if done:
                answer["do1"], answer["do2"] = bool(outputs & 1), bool(outputs & 2)
            else:
                answer["errors"] = {"do": "the outputs did not follow; a later command or a rule overruled this one"}
            self._answer(answer)
        return bool(self._file)

    def _send_piece(self):
        """Send the next lines of the file; one that found no memory ends too soon, and its reader says so."""
        try:
            for line in () if self._piece else self._file:
                self._piece += line
                if self._piece.count("\n") == _LINES:
                    break
            if not self._piece:
                self._file = None
            elif not self._client.queued and self._client.publish(self._topic, self._piece, qos=1):
                self._piece = ""
        except MemoryError:
            self._file, self._piece = None, ""
