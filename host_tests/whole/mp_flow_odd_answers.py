# heap: 16m
"""Answers that are not to what was asked: what the meter never said of a register is not shown, by the bridge or its gateway."""

import flow
from bridge.devices import sdm230
from oracle import Client, Oracle

_READS = ((4, 0, 2), (4, 12, 2), (4, 70, 2), (4, 6, 2), (4, 72, 4), (4, 342, 2))


def _told(spoil, seconds, begins_s=0, known_s=0, asks=False):
    """Return (oracle, client, share of looks with a good power) after some seconds; spoil(oracle, answer) as in Oracle.

    known_s: by then the slave's way has been seen; what was wrong before that does not count."""
    b = flow.Bridge("rp2040", settings={"rs485_2_role": "gateway" if asks else "master"})
    oracle = Oracle(b, 2, b.meter, sdm230)
    oracle.spoil = lambda request, answer: spoil(oracle, answer)
    client = Client(oracle, 2, 1, _READS) if asks else None
    good = looks = 0

    async def story(b):
        nonlocal good, looks
        await b.for_ms(1000 * begins_s)
        for i in range(100 * seconds):
            if i == 100 * known_s:
                oracle.wrong.clear()
            await b.for_ms(10)
            if client:
                client.step()
            if i % 10 == 0:
                oracle.look()
                looks += 1
                good += b.value("sensor_power") is not None

    b.run(story)
    return oracle, client, good / looks


def test_what_is_said_again_a_second_later_is_nobodys_value():
    """Each answer comes twice, the copy behind the next answers or into them: it is found out and waited for.

    Proves: SEN-4+, SEN-6+
    """

    def twice(oracle, answer):
        if answer:
            oracle.talk(answer, 1120)
        return answer

    oracle, _, good = _told(twice, 60)
    assert oracle.wrong == [] and oracle.checked > 1000, (oracle.wrong[:3], oracle.checked)
    assert good > 0.7, good


def test_a_slave_that_answers_what_it_was_asked_before_gives_no_client_another_registers_value():
    """One answer in nine is the one before; the client reads several things of one shape in turn. Before it was seen that
    the slave does so nothing in a frame tells.

    Proves: NET-6+, SEN-4+
    """
    before, turn = [None], [0]

    def behind(oracle, answer):
        turn[0] += 1
        last, before[0] = before[0], answer
        return last if turn[0] % 9 == 0 else answer

    oracle, client, good = _told(behind, 60, 6, 10, asks=True)
    assert oracle.wrong == [] and client.replies > 80, (oracle.wrong[:3], client.replies)
    assert client.exceptions < client.replies // 4 and good > 0.9, (client.exceptions, client.replies, good)
