import chip


def _board(name):
    chip.play(name)
    from board import Board

    return Board()


def _causes(name):
    board = _board(name)
    assert board.reset_cause() == "power"
    board.set_outputs(3)
    try:
        board.restart()
    except chip.PowerDown as down:
        assert down.cause == "restart"
    from board import Board

    assert Board().reset_cause() == "restart"
    chip.reset("watchdog")
    assert Board().reset_cause() == "watchdog"


def test_the_rp2040_tells_its_own_restart_from_the_watchdog():
    _causes("rp2040")


def test_the_rp2350_tells_its_own_restart_from_the_watchdog():
    _causes("rp2350")


def test_the_esp32_tells_its_own_restart_from_the_watchdog():
    _causes("esp32")


def test_the_esp32s3_tells_its_own_restart_from_the_watchdog():
    _causes("esp32s3")


def test_a_reset_of_the_esp32_is_a_restart_only_if_it_was_meant_and_an_unknown_one_is_called_unknown():
    import machine
    from machine import RTC

    for mark, words in ((b"bridge: meant", ("restart", "restart")), (b"", ("restart or panic", "restart or panic"))):
        chip.play("esp32")
        from board import Board

        RTC().memory(mark)
        board = Board()
        for number, word in ((2, words[0]), (5, words[1]), (4, "unknown"), (0, "unknown")):
            machine.reset_cause = lambda number=number: number
            assert board.reset_cause() == word


def test_a_panic_after_a_restart_that_was_meant_is_not_taken_for_one():
    board = _board("esp32")
    try:
        board.restart()
    except chip.PowerDown:
        pass
    from board import Board

    assert Board().reset_cause() == "restart"
    chip.reset("panic")
    assert Board().reset_cause() == "restart or panic"


def test_a_restart_opens_the_relays_before_the_reset():
    """Proves: CTL-7+"""
    import machine

    board = _board("rp2040")
    board.set_outputs(3)
    seen = []
    machine.reset = lambda: seen.append([machine.Pin.edges(gpio)[-1][1] for gpio in (18, 19, 2, 6)])
    board.restart()
    assert seen == [[0, 0, 0, 0]]


def _watchdog(name, ms, bites_after_ms):
    import time

    board = _board(name)
    dog = board.watchdog(ms)
    for _ in range(100):
        time.pass_ms(1000)
        dog.feed()
    time.pass_ms(bites_after_ms - 1)
    try:
        time.pass_ms(2)
    except chip.PowerDown as down:
        assert down.cause == "watchdog"
    else:
        raise AssertionError("it did not bite")
    from board import Board

    assert Board().reset_cause() == "watchdog"


def test_a_watchdog_of_the_rp2040_is_cut_to_what_the_chip_can():
    """Proves: REL-1+"""
    _watchdog("rp2040", 30000, 8388)


def test_a_watchdog_of_the_rp2350_is_cut_to_what_the_chip_can():
    """Proves: REL-1+"""
    _watchdog("rp2350", 30000, 8388)


def test_a_watchdog_of_the_esp32_is_as_long_as_asked():
    """Proves: REL-1+"""
    _watchdog("esp32", 30000, 30000)


def test_a_watchdog_of_the_esp32s3_is_as_long_as_asked():
    """Proves: REL-1+"""
    _watchdog("esp32s3", 30000, 30000)


def test_a_watchdog_bites_while_the_event_loop_sleeps():
    import asyncio

    async def sleep():
        await asyncio.sleep(60)

    _board("rp2040").watchdog(5000)
    started_us = chip.now_us()
    try:
        asyncio.run(sleep())
    except chip.PowerDown:
        pass
    else:
        raise AssertionError("it slept through")
    assert chip.now_us() - started_us <= 5010000
