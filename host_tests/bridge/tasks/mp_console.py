# heap: 2m
"""The console and the reports when memory is short."""

import asyncio
import json
import sys

import flow
from bridge import app
from bridge.settings import Settings
from bridge.state import State
from bridge.tasks import console
from typed import NO_MEMORY, Typed


class _Typed:
    """A program's line, behind its mark."""

    def __init__(self, line):
        self._line = line
        self._at = 0

    def octet(self):
        self._at += 1
        return self._line[self._at - 1] if self._at <= len(self._line) else -1


def _heard(run):
    """Return the answers that a coroutine prints at the console."""
    said = []
    console.print = lambda *words: said.append(words[0])
    asyncio.run(run)
    return said


def _starving(*_):
    raise MemoryError


def test_the_answer_that_is_ready_is_one_that_a_program_understands():
    assert json.loads(NO_MEMORY[1:]) == {
        "id": None,
        "ok": False,
        "errors": {"memory": "is short just now; look what is in force, then ask again"},
    }


def test_a_line_that_finds_no_memory_is_answered_and_so_is_the_next_one():
    settings = Settings()
    settings.shown = _starving
    typed = _Typed(b'{"id": 1, "get": true}\n\x1e{"id": 2, "set": {"plant_unit": 3}}\n')
    said = _heard(console.run(lambda: None, typed, State(), settings, None))
    assert said == [NO_MEMORY, '\x1e{"id": 2, "ok": true}']
    assert settings.plant_unit == 3


async def _not_loaded(b):
    class Part:
        def __getattr__(self, name):
            raise MemoryError

    said = []
    app.print = lambda *words: said.append(words[0])
    Typed.marked = lambda self: True
    sys.modules["bridge.tasks.console"] = Part()
    await b.for_ms(3000)
    assert said == [NO_MEMORY]
    Typed.marked = lambda self: False
    await b.for_ms(3000)
    assert b.supervisor.restarts() == {"console": 1}


def test_a_console_that_cannot_be_loaded_says_so_at_once():
    flow.Bridge("rp2040", settings={"system_name": "House"}).run(_not_loaded)


async def _untold(b):
    await b.for_ms(3000)
    reports, told = b.ports._reports, b.state.rs485
    tell, follow = reports.tell, b.ports._follow
    reports.tell = b.ports._follow = _starving
    b.settings.apply({"plant_unit": 3})
    await b.for_ms(5000)
    assert b.supervisor.restarts() == {} and b.state.rs485 is told
    reports.tell, b.ports._follow = tell, follow
    await b.until(lambda: b.state.rs485[0] != told[0], 3000)
    await b.until(lambda: b.ports.objects[0] and b.ports.objects[0].slave.unit == 3, 3000)


def test_a_report_that_finds_no_memory_is_given_later_and_a_changed_setting_is_followed_then():
    """The task that reports drives the limit too. Proves: REL-1+"""
    flow.Bridge("rp2040", settings={"system_name": "House"}).run(_untold)
