# heap: 200k
"""Parts come when they are wanted, go when they have ended, and come again: the portal and the updater, with all they bring."""

import asyncio
import gc
import sys

from parts import Part


def _names():
    return set(sys.modules)


def _write(name, source):
    with open("/tmp/" + name + ".py", "w") as file:
        file.write(source)
    sys.path.append("/tmp")


def _coarse_free():
    gc.collect()
    gc.collect()
    return gc.mem_free()


def test_what_only_the_part_brought_goes_with_it_and_what_was_there_stays():
    import clock
    import modbus.wire.rtu

    before = _names()
    with Part("modbus.pace.plan") as plan:
        assert plan.schedule
        assert "modbus.pace.plan" in sys.modules
    assert _names() == before
    assert not hasattr(sys.modules["modbus"], "pace")
    assert sys.modules["clock"] is clock
    assert sys.modules["modbus.wire.rtu"] is modbus.wire.rtu


def test_only_names_that_begin_as_asked_go():
    with Part("modbus.find.finder", "modbus.find."):
        pass
    assert "modbus.find.finder" not in sys.modules
    assert "modbus.find.order" not in sys.modules
    assert "modbus.listen.listener" in sys.modules


def test_a_part_that_is_loaded_twice_is_imported_once_and_one_that_is_gone_anew():
    part = Part("slots.version")
    first = part.load()
    assert part.load() is first
    part.unload()
    assert part.load() is not first


def test_a_part_whose_import_fails_leaves_nothing():
    _write("part_that_fails", "import modbus.wire.tcp\nimport there_is_no_such_module\n")
    before = _names()
    part = Part("part_that_fails")
    for _ in range(2):
        try:
            part.load()
            raise AssertionError("loaded")
        except ImportError:
            pass
        assert _names() == before


async def test_it_comes_when_it_is_wanted_and_goes_when_its_task_ends_20_times_in_flat_memory():
    """The portal with its libraries, on a hotspot that opens and closes: each time it listens, each time it is gone.

    Proves: PRV-3+
    """
    import doors

    bridge = doors.Bridge()
    part = Part("bridge.tasks.portal")
    task = asyncio.create_task(part.run(lambda: None, bridge.hotspot_open, *bridge.arguments))
    await asyncio.sleep_ms(600)
    before, free = _names(), 0
    for turn in range(20):
        assert "bridge.tasks.portal" not in sys.modules
        bridge.open()
        await asyncio.sleep_ms(600)
        assert "http.server" in sys.modules
        assert (await bridge.status()) == b"HTTP/1.0 200 OK"
        bridge.close()
        await asyncio.sleep_ms(600)
        left = _names() - before
        assert left <= {"asyncio.stream"}, left  # the image's own, and loaded when first used
        if turn == 1:
            free = _coarse_free()
    assert _coarse_free() >= free - 256
    task.cancel()


async def test_a_part_whose_task_dies_is_let_go_of_and_comes_again():
    _write("part_that_dies", "async def run(beat):\n    beat()\n    raise ValueError\n")
    beats = []
    part = Part("part_that_dies")
    for _ in range(2):
        try:
            await part.run(lambda: beats.append(1), lambda: True)
            raise AssertionError("ended")
        except ValueError:
            pass
        assert "part_that_dies" not in sys.modules
    assert len(beats) == 4
