"""Answers a program at the console, such as `bridgectl settings`, while the bridge runs. It comes in with a marked line.

An empty line is answered with who is here, {"state": true} with what goes to the state topic, under "state",
{"log": true} with the last lines of the log, under "log", {"recording": true} with those of the flight recorder's file,
null while it is off; any other one as bridge/logic/doors/typed_line.py says.
Answers are marked too, so that they are found between the lines of the log.
"""

import asyncio
import json

import clock
import log
import version
from bridge.logic.doors import typed_line
from micropython import const
from parts import Part
from typed import MARK, NO_MEMORY

PROTOCOL = 1  # a program that knows another one asks the prompt instead
_STATE = b'{"state": true}'
_LOG = b'{"log": true}'
_RECORDING = b'{"recording": true}'
_LONGEST = const(3584)  # bytes of a line: all settings at once
_PIECE = const(512)  # its memory grows by so much: most lines are short
_AT_ONCE = const(256)  # bytes in one turn
_TURN_MS = const(5)  # an ESP32 keeps 260 bytes that nobody has read yet
_PATIENCE_MS = const(10_000)  # then the program is gone


async def run(beat, typed, state, settings, decide):
    """Answer until nothing has come for ten seconds. typed: lib/typed.Typed, behind the first mark; decide: see app."""
    line = bytearray(_PIECE)
    count = 0  # bytes of the line behind its mark; -1: there is none, or it was too long
    heard_at = clock.ticks_ms()
    while clock.ticks_diff(clock.ticks_ms(), heard_at) < _PATIENCE_MS:
        beat()
        for _ in range(_AT_ONCE):
            octet = typed.octet()
            if octet < 0:
                break
            heard_at = clock.ticks_ms()
            if octet == MARK:
                count = 0
            elif count < 0:
                continue
            elif octet in b"\r\n":
                try:
                    _answer(memoryview(line)[:count], state, settings, decide)
                except MemoryError:
                    print(NO_MEMORY)
                count = -1
            elif count == _LONGEST:
                _say({"id": None, "ok": False, "errors": {"line": "must be at most %d bytes long" % _LONGEST}})
                count = -1
            else:
                if count == len(line):
                    line.extend(bytes(_PIECE))
                line[count] = octet
                count += 1
        await asyncio.sleep_ms(_TURN_MS)


def _answer(line, state, settings, decide):
    if not line:
        _say({"console": PROTOCOL, "version": version.VERSION, "board": version.BOARD, "sn": state.sn})
        return
    if bytes(line) == _STATE:
        _say_state(state)
        return
    if bytes(line) == _LOG:
        _say_lines("log", log.lines())
        return
    if bytes(line) == _RECORDING:
        _say_recording(state, settings)
        return
    answer, changed = typed_line.answer(bytes(line), settings, state.damaged, decide)
    if changed:
        log.info("console", "settings changed: " + ", ".join(changed))
    _say(answer)


def _say_state(state):
    print(end=chr(MARK) + '{"state":')
    with Part("bridge.logic.doors.messages") as messages:
        for piece in messages.state_pieces(state):
            print(end=piece)
    print("}")


def _say_recording(state, settings):
    if not state.recorder:
        _say({"recording": None})
        return
    with Part("bridge.logic.doors.recording_file") as file:
        _say_lines("recording", file.lines(state, settings, clock.ticks_ms()))


def _say_lines(name, texts):
    between = ""
    print(end=chr(MARK) + '{"%s":[' % name)
    for text in texts:
        print(end=between + json.dumps(text))
        between = ","
    print("]}")


def _say(answer):
    print(chr(MARK) + json.dumps(answer))
