"""`bridgectl pace` over paced wires, in their own time: what it decides about fast, slow, dead and misunderstood slaves."""

import re
import struct

import ptys
import pytest
from bench_lines import bridgectl, devices, measured, own_time  # noqa: F401 (a fixture)
from bridgectl.bench import pace, pace_command, pace_report, port, target
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from bridgectl.site.wire import PtyWire
from clockwork import Clockwork
from modbus.pace import plan
from modbus.wire.timing import Timing, cycle_us
from slow_meter import SlowMeter


@pytest.fixture
def clockwork(monkeypatch):
    made = Clockwork()
    made.take_over(monkeypatch, port, pace, pace_command)
    return made


SPANS = ("--unit", 1, "--function", 4, "--read", "0:2")  # one short read, so that much is learned in a second


def test_a_fast_meter_needs_no_rest_and_the_bridges_poll_fits(clockwork):
    """Proves: BEN-1, SEN-3+"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        code, said = measured(wire.path, "--model", "sdm230", "--seconds", 9)
    assert code == 0, said
    assert (said["rest_bound"], said["learned_after_s"] > 0) == ("line", True)
    assert said["lost"] == {"learning": 0, "after": 0, "silent": 0, "broken": 0, "wrong": 0}
    assert said["plan"]["values"] == 22
    assert [(r["address"], r["count"]) for r in said["plan"]["reads"]][0] == (0, 38)
    assert said["poll"]["fits"]
    assert re.fullmatch(
        r"Answers in \d+(\.\d)? ms and needs no rest: 22 values every \d+ ms are possible; "
        r"the bridge's 250 ms poll of 7 values fits\.",
        said["verdict"],
    )
    assert said["remarks"] == []


@pytest.mark.slow
def test_a_meter_that_needs_600_ms_of_rest_is_given_them_and_the_poll_that_fits_is_named(clockwork):
    """Proves: BEN-1, SEN-3+"""
    meter = SlowMeter(House(), 600)
    with clockwork.wire(meter, think_ms=9) as wire:
        code, said = measured(wire.path, "--model", "sdm230", "--seconds", 40)
    assert code == 0, said
    assert said["rest_bound"] == "slave"
    assert 600 <= said["rest_ms"] <= 750
    assert said["lost"]["learning"] == meter.hurried > 0
    assert said["lost"]["after"] == 0
    assert not said["poll"]["fits"]
    assert said["poll"]["least_ms"] > 600
    assert re.match(r"Loses requests unless it gets \d+ ms of rest: 22 values every ", said["verdict"])
    assert said["verdict"].endswith(f"does not fit, set sensor_poll_ms to {said['poll']['least_ms']} or more.")


def test_the_table_says_all_in_words(clockwork):
    """Proves: BEN-1"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        done = bridgectl("pace", wire.path, *SPANS, "--read", "70:2", "--seconds", 5)
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "slave, unit 1 · 9600 8N1" in text
    assert "bounded by t3.5, the least that the line allows" in text
    assert "replies lost 0 while learning (known after" in text
    assert "2 spans in 2 reads of at most 60 registers: 0:2, 70:2" in text
    assert "2 spans every" in text
    assert "the bridge's" not in text


def test_too_short_a_time_is_said_and_no_verdict_given(clockwork):
    """Proves: BEN-1"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        code, said = measured(wire.path, *SPANS, "--seconds", 1)
    assert code == 1
    assert said["rest_bound"] == "learning"
    assert said["plan"]["efficiency"] is None
    assert said["verdict"].startswith("Not known yet after 1")
    assert "`--seconds 60`" in said["verdict"]


def test_the_plants_own_pause_is_kept_and_named(clockwork):
    """Proves: BEN-1, PLA-1+"""
    plant = Plant(House(), now_ms=lambda: clockwork.now_ns // 1_000_000)
    with clockwork.wire(plant, think_ms=5) as wire:
        code, said = measured(wire.path, "--model", "sigenergy", "--seconds", 3)
    assert (code, said["model"], said["unit"]) == (1, "plant", 247)
    assert said["rest_ms"] >= 1000
    assert plant.shortest_period_ms > 990
    assert plant.refused == 0


def test_a_dead_slave_is_given_up_soon_with_what_to_check(clockwork):
    """Proves: BEN-1, SEN-5+"""
    with clockwork.wire(Meter(House(), unit=2)) as wire:
        done = bridgectl("pace", wire.path, *SPANS, "--seconds", 60)
        again = measured(wire.path, *SPANS, "--seconds", 60)
    assert done.exit_code == 4
    assert done.stdout.startswith("Nothing usable from unit 1: check power, the unit address, baud rate and parity")
    assert "`bridgectl scan` tries them all" in done.stdout
    assert again[0] == 4
    assert (again[1]["requests"], again[1]["lost"]["silent"], again[1]["poll"]) == (5, 5, None)


def test_a_wrong_speed_is_no_answer(clockwork):
    """Proves: BEN-1, SEN-5+"""
    with clockwork.wire(Meter(House()), baud=2400, think_ms=5) as wire:
        code, said = measured(wire.path, *SPANS, "--seconds", 60)
        assert wire.counts.misheard == wire.counts.requests > 0
    assert code == 4
    assert "baud rate" in said["verdict"]


def test_a_slave_that_refuses_everything_is_told_from_a_dead_one(own_time):  # noqa: F811
    """Proves: BEN-1"""
    with ptys.Pair() as pair, devices(pair, Meter(House())):
        done = bridgectl("pace", pair.left, "--unit", 1, "--read", "5000:2", "--seconds", 2)
    assert done.exit_code == 1
    assert done.stdout == (
        "Unit 1 is there, but refuses every read: exception 2, illegal data address. Is it another model?\n"
    )


def test_a_slave_that_falls_silent_is_said_to_be_gone(clockwork):
    """Proves: BEN-1"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire, port.Line(wire.path) as line:
        work = pace.Pace(line, target.by_spans(1, 4, ["0:2"]))

        def told():
            wire.silent = work.tally.answers >= 3

        work.run(8, told)
        facts = pace_report.figures(work, line)
    assert facts["answers"] == 3
    assert facts["gone_s"] > 0
    assert any("It has not answered for the last" in text for text in pace_report.remarks(work, facts, None))


def test_an_answer_after_the_time_out_is_noticed_and_waited_for_from_then_on(clockwork):
    """Proves: BEN-1, SEN-3+"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire, port.Line(wire.path) as line:
        work = pace.Pace(line, target.by_spans(1, 4, ["0:2"]))

        def told():
            wire.late_ms = 300 if work.tally.requests == 40 else 0

        work.run(9, told)
    assert work.tally.requests > 41
    assert (work.tally.lost, work.tally.late) == (1, 1)
    assert work.pacing.timeout_ms() > 300


def test_an_adapter_that_hears_itself_harms_nothing(clockwork):
    """Proves: BEN-1"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        wire.echo = True
        _, said = measured(wire.path, *SPANS, "--seconds", 2)
    assert said["answers"] == said["requests"]
    assert said["remarks"] == ["The adapter hears itself (echo); that was taken off and harms nothing."]


def test_noise_is_not_taken_for_haste(clockwork):
    """Proves: BEN-1, SEN-3+"""
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        wire.bad_crc_pct = 15
        _, said = measured(wire.path, "--unit", 1, "--read", "0:38", "--seconds", 10)
    assert said["lost"]["broken"] > 1
    assert said["rest_bound"] in {"line", "learning"}
    assert said["errors_ppm"] > 0
    assert any("replies were broken: the answer is garbled" in text for text in said["remarks"])


def test_the_delay_of_the_adapter_is_told_where_the_system_knows_it(clockwork, tmp_path, monkeypatch):
    """Proves: BEN-1"""
    monkeypatch.setattr(port, "_USB_SERIAL", tmp_path)
    with clockwork.wire(Meter(House()), think_ms=5) as wire:
        folder = tmp_path / wire.path.rsplit("/", 1)[1]
        folder.mkdir()
        (folder / "latency_timer").write_text("16\n")
        _, said = measured(wire.path, *SPANS, "--seconds", 1)
    assert said["remarks"][-1].startswith("This adapter holds bytes back for up to 16 ms: ")


def test_an_adapter_that_is_pulled_out_ends_it_with_a_sentence(own_time):  # noqa: F811
    """Proves: BEN-1"""
    with ptys.Pair() as pair, port.Line(pair.left) as line:
        work = pace.Pace(line, target.by_spans(1, 4, ["0:2"]))
        with pytest.raises(port.PortError, match="was pulled out"):
            work.run(10, pair.close)


def test_the_poll_that_is_said_to_fit_fits():
    for rest_ms in (4, 100, 600, 1000):
        timing = Timing(rest_us=1000 * rest_ms)
        wanted = target.by_model("sdm230")
        poll = target.poll(wanted, timing)
        assert (poll.poll_ms, poll.values, poll.fits) == (250, 7, poll.least_ms == 250)
        due = [(r[0], 2, poll.least_ms if r[4] == "fast" else 10000) for r in sdm230_rows()]
        needs_us = cycle_us(plan.schedule(due, 60, timing), timing)
        assert needs_us <= 1000 * poll.least_ms
        assert poll.fits or needs_us > 1000 * (poll.least_ms - 20)


def sdm230_rows():
    from bridge.devices import registers, sdm230

    assert struct.calcsize(">f") == 4
    return [r for r in registers.rows(sdm230) if not r[5]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the slave: --model sdm230, or --unit 1 --function 4 --read 0:38"),
        (("--unit", 1), "name the slave"),
        (("--read", "0:2"), "name the slave"),
        (("--model", "sdm630"), "model 'sdm630' is unknown; known: sdm230, sdm120ct, plant"),
        (("--model", "sdm230", "--read", "0:2"), "leave --function and --read out"),
        (("--model", "sdm230", "--unit", 0), "--unit 0: Modbus addresses are 1 to 247"),
        (("--unit", 1, "--function", 6, "--read", "0:2"), "--function 6: 3 reads holding registers, 4 input"),
        (("--unit", 1, "--read", "0"), "--read 0: ADDRESS:COUNT is meant, such as 0:38 or 0x156:4"),
        (("--unit", 1, "--read", "0:0"), "--read 0:0: one read has 1 to 125 registers"),
        (("--unit", 1, "--read", "0:126"), "one read has 1 to 125 registers"),
        (("--unit", 1, "--read", "0xFFFF:2"), "addresses end at 65535"),
        (("--model", "sdm230", "--baud", 19200), "runs at 9600 bps at most"),
        (("--model", "sdm230", "--parity", "X"), "must be one of N, E, O"),
    ],
)
def test_a_measurement_that_cannot_be_meant_is_refused_with_the_rule(words, said):
    """Proves: BEN-1"""
    done = bridgectl("pace", "/dev/no-such-port", *words)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_missing_port_is_told_in_the_usual_words():
    """Proves: BEN-1"""
    done = bridgectl("pace", "/dev/no-such-port", "--model", "sdm230")
    assert done.exit_code == 3
    assert done.stderr.startswith("There is no port /dev/no-such-port. ")


def test_registers_between_named_spans_are_never_read():
    wanted = target.by_spans(1, 3, ["0:4", "0x06:2", "2:4", "8:1"])
    assert wanted.wanted == [(0, 4), (2, 4), (6, 2), (8, 1)]
    assert wanted.forbidden == []
    assert target.by_spans(1, 3, ["10:2", "14:100"]).forbidden == [(12, 2)]
    assert target.by_spans(1, 3, ["10:2", "14:100"]).longest == 100


def test_what_is_no_wire_is_told_to_be_none(clockwork):
    """A pseudo-terminal carries a reply at once, whatever its speed says."""

    class AtOnce(PtyWire):
        character_ns = 1

    with clockwork.wire(Meter(House()), AtOnce, think_ms=0) as line:
        _, said = measured(line.path, "--model", "sdm230", "--seconds", "2")
    assert "sooner than 9600 bit/s can carry them: this is no RS485 wire" in said["remarks"][0]
    with clockwork.wire(Meter(House())) as wire:
        _, said = measured(wire.path, "--model", "sdm230", "--seconds", "2")
    assert not [remark for remark in said["remarks"] if "no RS485 wire" in remark]
