# heap: 2m
"""Every client of the gateway gets its share, whatever the others do: its server and its bus on the virtual clock."""

from gateway_clients import connected, read_request, run, share


def test_eight_clients_get_equal_shares_of_the_bus():
    """Four send as fast as they can, four wait for each reply; all want other registers. Proves: COM-8+, NET-6+"""

    async def story(served):
        askers = [served.asker(n, ahead=n % 2) for n in range(8)]
        good = await share(askers, 6)
        assert sum(good) > 38 * 6 and max(good) <= min(good) + 2, good
        assert [asker.refused for asker in askers] == [0] * 8 and served.count("refused") == served.count("late") == 0
        assert max([asker.longest_ms for asker in askers]) < 10 * 26  # an exchange of each

    run(story, 2)


def test_of_two_clients_the_one_that_asks_ahead_gets_no_more():
    async def story(served):
        good = await share([served.asker(0, ahead=0), served.asker(7)], 4)
        assert sum(good) > 38 * 4 and max(good) <= min(good) + 1, good

    run(story, 2)


def test_the_bridges_own_master_gives_equal_shares_and_the_whole_line():
    """Once it has learned the slave's pace; one of the eight asks a slave that is not there. Proves: COM-8+, COM-9+"""

    async def story(served):
        askers = [served.asker(n, ahead=n % 2, unit=1 if n else 77) for n in range(8)]
        await share(askers, 8)
        good = (await share(askers, 6))[1:]
        assert sum(good) > 0.95 * 6 * 24 and max(good) <= min(good) + 1, good

    run(story, 20, bus="master")


def test_requests_that_cost_no_bus_take_no_more_than_their_share_of_the_processor():
    """Seven send what is refused at once, as fast as they can; the eighth reads. Proves: REL-1+"""

    async def story(served):
        flood = [served.asker(n, ahead=0, function=7 if n % 2 else 3, unit=1 if n % 2 else 250) for n in range(7)]
        good = served.asker(7)
        await share(flood + [good], 6)
        assert good.good > 33 * 6 and good.longest_ms < 100
        refused = [asker.refused for asker in flood]
        assert max(refused) <= 1.1 * min(refused), refused
        assert served.count("requests") <= 16 * (served.turns + 1)  # in a step of the server's
        assert served.bus.poll_failures == 0 and served.bus.longest_gap_ms < 300

    run(story, 2, poll_ms=250, reply_ms=800)


def _one_comes_and_goes_all_the_time(at_once):
    async def story(served):
        good = [served.asker(n) for n in range(6)]
        storm = []

        def blow():
            if len(storm) >= at_once:
                storm.pop(0).close()
            storm.append(connected())
            for one in storm:
                try:
                    one.write(read_request(0x46))
                except OSError:
                    pass

        counts = await share(good, 6, blow)
        server = served.server
        assert server.accepted + server.turned_away > 20 * 6
        assert sum(counts) > 33 * 6 and max(counts) <= min(counts) + 1, counts
        assert max([asker.longest_ms for asker in good]) < 200
        assert served.bus.poll_failures == 0 and served.bus.longest_gap_ms < 300

    run(story, 2, poll_ms=250, reply_ms=800)


def test_who_comes_and_goes_all_the_time_takes_no_turns_from_others():
    """It asks once a connection and closes it; six read. Proves: COM-8+, REL-1+"""
    _one_comes_and_goes_all_the_time(1)


def test_twenty_who_come_and_go_all_the_time_take_no_turns_from_others():
    """Each closes its connection when twenty more have come; six read. Proves: COM-8+, REL-1+"""
    _one_comes_and_goes_all_the_time(20)


def test_who_never_takes_a_reply_is_no_burden():
    """Once its replies pile up it is not heard, its requests stop, it is dropped; the others notice nothing."""

    async def story(served):
        deaf = connected()
        requests = read_request(0, 60) * 40

        def shout():
            try:
                deaf.write(requests)
            except OSError:
                pass

        askers = [served.asker(n) for n in range(1, 7)]
        good = await share(askers, 12, shout)
        asked_by_deaf = len([1 for _, sent in served.line.sent if sent[4:6] == b"\0\x3c"])
        assert served.server.dropped == 1 and 5 < asked_by_deaf < 40  # 127 bytes each, until the buffers were full
        assert sum(good) > 38 * 12 - 40 and max(good) <= min(good) + 5, good
        assert max([asker.longest_ms for asker in askers]) < 400

    run(story, 2)


def test_a_client_that_waits_for_its_share_loses_nothing():
    """Forty requests in one piece are all answered in their order, and none is refused."""

    async def story(served):
        sock = connected()
        sock.write(b"".join([read_request(2 * (n % 20), transaction=n) for n in range(40)]))
        await share([], 3)
        came = sock.read(4096)
        replies = [came[at : at + 13] for at in range(0, len(came), 13)]
        assert [reply[1] for reply in replies] == list(range(40))
        assert {reply[7:9] for reply in replies} == {b"\x04\x04"}

    run(story, 2)


def test_who_asks_a_slave_that_is_not_there_is_told_before_its_own_time_out():
    """Modbus clients wait a second as a rule. The line's own time-out is 300 ms here. Proves: NET-6+"""

    async def story(served):
        vain, good = served.asker(0, unit=9), served.asker(1)
        await share([vain, good], 2)
        assert vain.refused > 2 and vain.good == 0 and vain.longest_ms < 350 + 2 * 26
        assert good.good > 30 and good.longest_ms < 350 + 26, good.longest_ms

    run(story, 2)
