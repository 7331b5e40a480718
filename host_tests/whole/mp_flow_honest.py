# heap: 4m
"""Where the bridge once said of a limit what was not so: busy plants, dead tasks, a full flash, no memory."""

import flow
from modbus.wire import crc
from wire import frame


def _ripple(**more):
    return flow.Bridge("rp2040", settings=dict({"grid_table": "ripple"}, **more))


async def _held(b, within_ms=10000):
    await b.until(lambda: b.state.plant_limit_state == "held", within_ms)


def _answers(b, verdict):
    """Let verdict(frame) -> bytes or None in front of the plant; None = as ever."""
    old = b.plant.answer

    def answer(content):
        told = verdict(content)
        return old(content) if told is None else told

    b.plant.answer = answer


def test_a_busy_answer_to_the_reading_back_refuses_nothing():
    """Two of three readings are answered with exception 6: what is said stays held, nothing is written again.

    Proves: PLA-2+
    """

    async def story(b):
        await _held(b)
        b.contact(2, True)
        await _held(b)
        await b.for_ms(4000)
        turn, said = [0], {}

        def busy(content):
            if content[1] == 3:
                turn[0] += 1
                return frame("f78306") if turn[0] % 3 else None

        _answers(b, busy)
        b.plant.written.clear()
        for _ in range(600):
            await b.for_ms(100)
            said[b.state.plant_limit_state] = 1
        assert set(said) <= {"held", "written"} and "held" in said, said
        assert b.plant.written == []

    _ripple().run(story)


def test_a_release_is_not_called_done_because_the_plant_is_busy():
    """The plant takes no release and is busy at times when it is asked: it never was released. Proves: PLA-2+"""

    async def story(b):
        b.contact(2, True)
        await b.until(lambda: b.plant.limit_w == 3600, 10000)
        turn = [0]

        def stubborn(content):
            if content[1] == 16:  # acknowledged, and not done
                out = bytearray(content[:6]) + bytearray(2)
                return bytes(out[: crc.seal(out, 6)])
            if content[1] == 3:
                turn[0] += 1
                return frame("f78306") if turn[0] % 2 == 0 else None

        _answers(b, stubborn)
        b.settings.apply({"grid_table": "off"})
        for _ in range(1200):
            await b.for_ms(100)
            assert b.state.plant_limit_state != "idle" and b.plant.limit_w == 3600

    _ripple().run(story)


def test_held_is_not_said_while_the_task_of_the_port_is_dead():
    """Proves: PLA-2+, REL-1+"""

    async def story(b):
        b.contact(2, True)
        await _held(b)
        job = [j for j in b.supervisor._jobs if j.name == "rs485-1"][0]

        async def dies():
            raise ValueError

        job.make = lambda beat: dies()
        job.task.cancel()
        await b.for_ms(1000)
        b.plant.holding[40042] = 6000  # nobody looks
        await b.for_ms(9000)
        assert b.state.plant_limit_state != "held"
        assert b.state.plant_limit_text == "its register was not read for 8 s"
        assert b.state.plant_link != "ok"

    _ripple().run(story)


def test_a_limit_that_could_not_be_recorded_is_recorded_when_the_flash_works_again():
    """Else the plant kept it for ever after a cut of the power. Proves: PLA-2+"""
    from store import record

    real = record.save
    for error in (OSError(28), MemoryError()):
        failed = []

        def save(path, value, error=error, failed=failed):
            if path.endswith("limit"):
                failed.append(value)
                raise error
            return real(path, value)

        async def story(b, save=save, failed=failed):
            await _held(b)
            record.save = save
            b.contact(3, True)
            await b.until(lambda: b.plant.limit_w == 1800, 10000)
            await b.for_ms(30000)
            assert 2 <= len(failed) <= 6 and b.supervisor.restarts() == {}, (failed, b.supervisor.restarts())
            record.save = real
            await b.until(lambda: (record.load(b.root + "/data/limit") or {}).get("owed"), 15000)

        try:
            _ripple().run(story)
        finally:
            record.save = real


def test_what_an_ems_asked_for_is_not_lost_for_want_of_memory():
    """It was answered "ok". Proves: CTL-2+, REL-2+"""
    from bridge.tasks import limit

    class Full:
        def __init__(self, name):
            pass

        def __enter__(self):
            raise MemoryError

        def __exit__(self, *_):
            pass

    async def story(b):
        await b.until(lambda: b.state.inputs_settled and b.value("plant_max_power"), 8000)
        real, limit.Part = limit.Part, Full
        b.state.ems_asked = ((0, 2500, None),)
        await b.for_ms(5000)
        assert b.supervisor.restarts() == {}
        limit.Part = real
        await b.until(lambda: b.plant.limit_w == 2500, 8000)

    flow.Bridge("rp2040").run(story)
