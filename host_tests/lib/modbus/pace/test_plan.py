"""lib/modbus/pace/plan.py against searches that try everything, with the time formula written out once more."""

import itertools

import pytest
from bridgectl import firmware
from hypothesis import given, settings
from hypothesis import strategies as st

firmware.load()

from modbus.pace import plan  # noqa: E402

settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

CHARACTER_US = 1041
SILENCE_US = 3644


def read_us(count, think_us, rest_us=0):
    """The formula of the requirement: 13 + 2n characters, twice t3.5, think time; a rest replaces one silence."""
    return (13 + 2 * count) * CHARACTER_US + SILENCE_US + max(SILENCE_US, rest_us) + think_us


def timing(think_us, **other):
    return plan.Timing(CHARACTER_US, SILENCE_US, think_us, **other)


def span(values):
    return min(v[0] for v in values), max(v[0] + v[1] for v in values)


def allowed(start, end, longest, forbidden):
    return end - start <= longest and not any(a < end and a + n > start for a, n in forbidden)


def cheapest_run_by_run(values, longest, price, forbidden=()):
    """Return the least cost over all 2^(n-1) ways to cut the sorted values into runs."""
    values = sorted(values)
    best = None
    for cuts in itertools.product((False, True), repeat=len(values) - 1):
        cost, run = 0, [values[0]]
        runs = []
        for cut, value in zip(cuts, values[1:]):
            if cut:
                runs.append(run)
                run = []
            run.append(value)
        runs.append(run)
        for run in runs:
            start, end = span(run)
            if not allowed(start, end, longest, forbidden):
                break
            cost += price(end - start)
        else:
            best = cost if best is None else min(best, cost)
    return best


def cheapest_of_all_covers(values, longest, price, forbidden=()):
    """Return the least bus load over all sets of reads, of any span and any rhythm, that bring each value in time.

    values: (address, words, every_ms); the load is counted per fastest period, rounded per read as the planner does.
    """
    fastest = min(v[2] for v in values)
    starts, ends, rhythms = {v[0] for v in values}, {v[0] + v[1] for v in values}, {v[2] for v in values}
    candidates = []
    for start, end, every in itertools.product(starts, ends, rhythms):
        if start < end and allowed(start, end, longest, forbidden):
            weight = max(1024 * fastest // every, 1)
            got = frozenset(v for v in values if start <= v[0] and v[0] + v[1] <= end and every <= v[2])
            candidates.append((price(end - start) * weight >> 10, got))
    best = [1 << 60]

    def search(missing, cost):
        if cost >= best[0]:
            return
        if not missing:
            best[0] = cost
            return
        value = min(missing)
        for more, got in candidates:
            if value in got:
                search(missing - got, cost + more)

    search(frozenset(values), 0)
    return best[0]


def cost(reads, price, fastest=0):
    return sum(price(r[1]) * (max(1024 * fastest // r[2], 1) if fastest else 1024) >> 10 for r in reads)


def covers(reads, values, longest, forbidden=()):
    for value in values:
        start, end = value[0], value[0] + value[1]
        if not any(r[0] <= start and end <= r[0] + r[1] and (len(value) < 3 or r[2] <= value[2]) for r in reads):
            return False
    return all(allowed(r[0], r[0] + r[1], longest, forbidden) for r in reads)


SDM230 = [(a, 2) for a in (0x00, 0x06, 0x0C, 0x12, 0x18, 0x1E, 0x24, 0x46, 0x48, 0x4A, 0x4C, 0x4E, 0x156, 0x158)]
THREE = [(0, 38), (70, 10), (342, 4)]


@pytest.mark.parametrize(
    ("longest", "think_ms", "reads", "ms"),
    [
        (60, 10, THREE, 201),
        (80, 10, THREE, 201),
        (60, 20, THREE, 231),
        (80, 20, THREE, 231),
        (60, 50, THREE, 321),  # the read 0..79 that saves 4 ms has 80 registers
        (80, 50, [(0, 80), (342, 4)], 317),
    ],
)
def test_the_sdm230_set_costs_the_minimum(longest, think_ms, reads, ms):
    """Proves: SEN-2+"""
    found = plan.reads(SDM230, longest, timing(think_ms * 1000))
    assert found == reads
    assert round(plan.cycle_us(found, timing(think_ms * 1000)) / 1000) == ms
    # The formula with unrounded times, as in the requirement.
    exact_ms = sum((13 + 2 * n) * 10 / 9.6 + 2 * 3.646 + think_ms for _, n in reads)
    assert round(exact_ms) == ms


@pytest.mark.parametrize(("longest", "think_us"), [(4, 0), (31, 0), (13, 20000)])
def test_every_set_of_places_three_registers_apart_costs_what_brute_force_finds(longest, think_us):
    """So far apart that some holes are worth reading over and others are not."""

    def price(n):
        return read_us(n, think_us)

    for mask in range(1, 1 << 11):
        values = [(3 * bit + (bit > 5), 1) for bit in range(11) if mask >> bit & 1]
        found = plan.reads(values, longest, timing(think_us))
        assert covers(found, values, longest)
        assert cost(found, price) == cheapest_run_by_run(values, longest, price), values


@st.composite
def sets(draw, most=14):
    """Values that do not overlap, in clusters and far apart; longest read and forbidden registers to match."""
    values, holes, at = [], [], draw(st.integers(0, 100))
    for _ in range(draw(st.integers(1, most))):
        words = draw(st.sampled_from((1, 2, 2, 4)))
        values.append((at, words))
        at += words
        gap = draw(st.one_of(st.integers(0, 3), st.integers(4, 40), st.integers(41, 400)))
        if gap and draw(st.integers(0, 4)) == 0:
            holes.append((at + draw(st.integers(0, gap - 1)), 1))
        at += gap
    return draw(st.permutations(values)), draw(st.integers(4, 125)), holes


thinks = st.one_of(st.integers(0, 5000), st.integers(0, 100000), st.integers(100000, 1000000))


@settings(max_examples=60)
@given(sets(), thinks, st.one_of(st.just(0), st.integers(0, 600000)))
def test_any_set_of_up_to_14_values_costs_what_brute_force_finds(drawn, think_us, rest_us):
    """Proves: SEN-2+"""
    values, longest, holes = drawn
    found = plan.reads(values, longest, timing(think_us, rest_us=rest_us), holes)
    assert covers(found, values, longest, holes)

    def price(n):
        return read_us(n, think_us, rest_us)

    assert cost(found, price) == cheapest_run_by_run(values, longest, price, holes)


@settings(max_examples=60)
@given(sets(6), thinks)
def test_no_set_of_reads_of_any_shape_is_cheaper(drawn, think_us):
    values, longest, holes = drawn
    found = plan.reads(values, longest, timing(think_us), holes)

    def price(n):
        return read_us(n, think_us)

    assert cost(found, price) == cheapest_of_all_covers([(*v, 1) for v in values], longest, price, holes)


@settings(max_examples=300)
@given(sets(6), thinks, st.lists(st.sampled_from((200, 500, 1000, 2000, 60000)), min_size=6, max_size=6))
def test_values_of_several_rhythms_take_the_least_share_of_the_bus(drawn, think_us, rhythms):
    """Proves: SEN-2+"""
    values, longest, holes = drawn
    wanted = [(*v, every) for v, every in zip(values, rhythms)]
    found = plan.schedule(wanted, longest, timing(think_us), holes)
    assert covers(found, wanted, longest, holes)

    def price(n):
        return read_us(n, think_us)

    fastest = min(w[2] for w in wanted)
    assert cost(found, price, fastest) == cheapest_of_all_covers(wanted, longest, price, holes)


overlapping = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 5), st.sampled_from((1000, 3000))), max_size=5)


@settings(max_examples=300)
@given(overlapping, thinks)
def test_values_that_overlap_are_covered_and_those_of_one_rhythm_at_the_least_cost(wanted, think_us):
    assert covers(plan.schedule(wanted, 9, timing(think_us)), wanted, 9)
    even = [(address, words, 1000) for address, words, _ in wanted]
    found = plan.schedule(even, 9, timing(think_us))

    def price(n):
        return read_us(n, think_us)

    if even:
        assert cost(found, price, 1000) == cheapest_of_all_covers(even, 9, price)


@given(st.integers(0, 20000), st.integers(0, 50000))
def test_expected_repeats_are_those_of_frames_that_break_at_random(errors_ppm, think_us):
    paid = timing(think_us, errors_ppm=errors_ppm, lost_us=300000)
    good = 1 - errors_ppm / 1e6
    for count in (1, 38, 80, 125):
        heard, answered = good**8, good ** (5 + 2 * count)
        lost_us = 8 * CHARACTER_US + 2 * SILENCE_US + 300000
        # Try by try: an attempt succeeds with heard * answered, and every attempt costs what its end costs.
        total, left = 0.0, 1.0
        for _ in range(20000):
            total += left * (heard * read_us(count, think_us) + (1 - heard) * lost_us)
            left *= 1 - heard * answered
            if left < 1e-9:
                break
        assert paid.read_us(count) == pytest.approx(total, rel=1e-3, abs=2)


def test_on_a_bad_line_long_reads_are_split():
    values = [(a, 2) for a in range(0, 120, 12)]
    assert plan.reads(values, 125, timing(50000)) == [(0, 110)]
    assert len(plan.reads(values, 125, timing(50000, errors_ppm=15000))) > 1
