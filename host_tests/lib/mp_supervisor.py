"""The supervisor on the virtual clock: restarts, pauses, beats and the food of the watchdog."""

import asyncio
import time

import log
import supervisor


class Dog:
    def __init__(self):
        self.meals_ms = []

    def feed(self):
        self.meals_ms.append(time.passed_ms())


def _run(add, seconds):
    dog = Dog()
    boss = supervisor.Supervisor(dog)
    add(boss)

    async def main():
        task = asyncio.create_task(boss.run())
        await asyncio.sleep(seconds)
        boss.was_healthy = boss.healthy()
        task.cancel()
        await asyncio.sleep_ms(1)

    asyncio.run(main())
    return boss, dog


def test_a_task_that_dies_starts_again_after_a_growing_pause():
    """Proves: REL-1+"""
    starts = []

    async def dies(beat):
        starts.append(time.passed_ms() // 1000)
        await asyncio.sleep_ms(100)
        raise ValueError("broken")

    async def lives(beat):
        while True:
            beat()
            await asyncio.sleep_ms(500)

    boss, dog = _run(lambda s: (s.add("dies", dies), s.add("lives", lives, True)), 60)
    assert [b - a for a, b in zip(starts, starts[1:])][:4] == [1, 2, 4, 8]
    assert len(dog.meals_ms) >= 59
    assert boss.was_healthy
    assert any(["dies: ValueError: broken" in line for line in log.lines()])


def test_an_essential_task_that_hangs_starves_the_watchdog():
    """Proves: REL-1+"""

    async def hangs(beat):
        beat()
        await asyncio.sleep(1000)

    boss, dog = _run(lambda s: s.add("hangs", hangs, True), 60)
    assert 30000 <= dog.meals_ms[-1] <= 32000
    assert boss.silent() == ["hangs"]


def test_a_task_that_is_not_essential_may_hang():
    async def hangs(beat):
        await asyncio.sleep(1000)

    _, dog = _run(lambda s: s.add("hangs", hangs), 60)
    assert dog.meals_ms[-1] > 58000


def test_an_essential_task_that_ends_again_and_again_is_not_taken_for_a_hang():
    async def ends(beat):
        beat()

    _, dog = _run(lambda s: s.add("ends", ends, True), 300)
    assert dog.meals_ms[-1] > 298000


def test_pauses_have_a_bound():
    assert [supervisor.pause_s(n, True) for n in (1, 2, 3, 4, 5, 6, 99)] == [1, 2, 4, 8, 16, 16, 16]
    assert supervisor.pause_s(99, False) == 60


def test_the_log_keeps_the_last_lines_only_and_cuts_long_ones():
    """Proves: REL-2+"""
    for i in range(500):
        log.info("test", "%d " % i + "x" * 300)
    kept = list(log.lines())
    assert [int(line.split()[3]) for line in kept] == list(range(494, 500))  # 1024 bytes; each line has 163 and its end
    assert {len(line) for line in kept} == {163}
    log.info("test", "Ärger\nin zwei Zeilen")
    assert list(log.lines())[-1].endswith("Ärger in zwei Zeilen")
    for i in range(1024):  # whatever the oldest byte is, a line that is cut is none
        log.info("test", "\0" * (i % 9) + "Ä\0" * (i % 50))
        assert all([line.strip()[0].isdigit() and " I test:" in line for line in log.lines()])


def test_an_essential_task_that_finds_no_memory_three_times_brings_a_new_start():
    """Proves: REL-1+, REL-3+"""

    async def starved(beat):
        await asyncio.sleep_ms(100)
        raise MemoryError

    _, dog = _run(lambda boss: boss.add("starved", starved, essential=True), 60)
    assert 2000 < dog.meals_ms[-1] < 5000, dog.meals_ms[-1]  # it died after 0, 1 and 3 s
    _, dog = _run(lambda boss: boss.add("starved", starved), 60)
    assert dog.meals_ms[-1] > 58000


class _NoMemory:
    """Stands for a module whose every function fails as it does when there is no memory."""

    def __getattr__(self, name):
        raise MemoryError


def test_a_death_that_cannot_be_told_for_want_of_memory_is_a_death_all_the_same():
    """Whatever of the report fails: the text of the error, or the log. Proves: REL-1+, REL-3+"""
    starts = []

    async def dies(beat):
        starts.append(time.passed_ms())
        await asyncio.sleep_ms(100)
        raise ValueError("broken")

    for tool in ("io", "log"):
        starts.clear()
        stock = getattr(supervisor, tool)
        setattr(supervisor, tool, _NoMemory())
        try:
            boss, dog = _run(lambda s: s.add("dies", dies, True), 20)
        finally:
            setattr(supervisor, tool, stock)
        assert [(b - a) // 1000 for a, b in zip(starts, starts[1:])] == [1, 2, 4, 8], tool
        assert len(dog.meals_ms) >= 19, tool
        assert boss.restarts() == {"dies": 5}, tool


def test_a_task_that_cannot_be_made_for_want_of_memory_is_made_at_the_next_look():
    """Proves: REL-3+"""
    stock, made, asked = asyncio.create_task, [], []

    async def lives(beat):
        made.append(time.passed_ms())
        while True:
            beat()
            await asyncio.sleep_ms(500)

    def create(coroutine):
        asked.append(coroutine)
        if len(asked) in (2, 3):  # the first is the supervisor itself
            raise MemoryError
        return stock(coroutine)

    asyncio.create_task = create
    try:
        boss, dog = _run(lambda s: s.add("lives", lives, True), 10)
    finally:
        asyncio.create_task = stock
    assert len(asked) == 4 and len(made) == 1
    assert 2000 <= made[0] < 3000
    assert len(dog.meals_ms) >= 7


def test_the_life_of_all_tasks_is_that_of_the_youngest_and_0_while_one_waits():
    """Essential or not. Proves: OTA-3+"""
    boss = supervisor.Supervisor(Dog())
    lived = []

    async def lives(beat):
        while True:
            beat()
            await asyncio.sleep_ms(500)

    async def dies(beat):
        await asyncio.sleep(20)
        raise ValueError

    boss.add("lives", lives, True)
    boss.add("dies", dies)

    async def main():
        task = asyncio.create_task(boss.run())
        for _ in range(24):
            await asyncio.sleep_ms(500 if not lived else 1000)
            lived.append(boss.lived_s())
        task.cancel()
        await asyncio.sleep_ms(1)

    asyncio.run(main())
    assert lived[:20] == list(range(20))
    assert lived[20] == 0 and lived[23] in (1, 2), lived


def test_a_report_of_want_of_memory_that_fails_itself_is_made_again_after_five_more():
    """Proves: REL-1+"""
    told = []

    def exhausted(name):
        told.append(time.passed_ms() // 1000)
        raise MemoryError

    async def starved(beat):
        await asyncio.sleep_ms(100)
        raise MemoryError

    boss = supervisor.Supervisor(Dog(), exhausted)
    boss.add("starved", starved)

    async def main():
        task = asyncio.create_task(boss.run())
        await asyncio.sleep(400)
        task.cancel()
        await asyncio.sleep_ms(1)

    asyncio.run(main())
    assert len(told) == 2 and told[0] in (15, 16), told


def test_what_is_not_essential_and_finds_no_memory_five_times_is_told_once():
    """Proves: REL-1+"""
    told = []

    async def starved(beat):
        await asyncio.sleep_ms(100)
        raise MemoryError

    dog = Dog()
    boss = supervisor.Supervisor(dog, told.append)
    boss.add("starved", starved)

    async def main():
        task = asyncio.create_task(boss.run())
        await asyncio.sleep(14)
        assert told == []
        await asyncio.sleep(100)
        task.cancel()
        await asyncio.sleep_ms(1)

    asyncio.run(main())
    assert told == ["starved"]  # after 0, 1, 3, 7 and 15 s
