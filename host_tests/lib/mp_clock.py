import time

import clock


def test_seconds_count_on_when_the_ticks_wrap():
    """Proves: REL-1+"""
    assert clock.seconds() == 0
    for _ in range(6 * 24):  # hours: the ticks wrap somewhere on the way for half of all starts
        time.pass_ms(3600 * 1000)
        clock.seconds()
    assert clock.seconds() == 6 * 24 * 3600


def test_parts_of_a_second_add_up():
    clock.seconds()
    for _ in range(10):
        time.pass_ms(333)
        clock.seconds()
    assert clock.seconds() == 3
