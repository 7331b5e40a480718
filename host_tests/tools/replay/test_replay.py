"""bridgectl replay: what the flight recorder kept is decided once more bit for bit; what is damaged is said."""

import binascii
import io
import json

import pytest
from bridgectl.device import build
from bridgectl.figures import rigs
from bridgectl.replay import decisions, entries, kinds, report, timeline
from bridgectl.replay import file as files
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def whole(slot):
    """The two recordings of a whole bridge on a simulated site, as texts."""
    rigs.made("rp2040")
    return rigs.told("recorded_day.py", "whole")


def replayed(text):
    """Return (file, outcomes, bytes lost)."""
    file = files.read(text)
    found, lost = entries.decode(file.runs, file.end)
    return file, decisions.replay(file, found), lost


def told(text):
    file, outcomes, _ = replayed(text)
    return [line.split("  ", 1)[1] for line in timeline.lines(file, outcomes)]


def shown(text, tmp_path):
    """Return (verdict, what the command prints)."""
    path, out = tmp_path / "recording.txt", io.StringIO()
    path.write_text(text)
    return report.run(path, out), out.getvalue()


def mismatches(outcomes):
    return [(outcome.fields, outcome.mismatches) for outcome in outcomes if outcome.mismatches]


def test_a_whole_bridges_decisions_are_the_same_on_the_pc(whole):
    """Proves: DIA-1+"""
    for text in whole:
        file, outcomes, lost = replayed(text)
        assert (file.problems, lost, mismatches(outcomes)) == ([], 0, [])
        assert sum(outcome.is_checked for outcome in outcomes) > 20


def test_the_timeline_says_what_happened_and_why(whole):
    """Proves: DIA-1+"""
    lines = "\n".join(told(whole[1]))
    at = -1
    for text in (
        "contacts closed: DI4\n",
        "limit: 0 % and 5500 W (generation: 0 W ripple control 0 % (DI4), then 5500 W user)\n",
        "plant: 0 W wanted\n",
        "plant: 0 W written\n",
        "plant: 0 W held\n",
        "the EMS asks for generation 900 W for 20 s, import 4000 W for 20 s\n",
        "outputs: DO1 closed, DO2 closed\n",
        "plant: 900 W held\n",
        "contacts closed: DI3\n",
        "plant: 1800 W unreachable",
        "plant: link silent\n",
        "rules of the outputs: DO1 open, the plant is not heard\n",
        "plant: 1800 W held\n",
        "setting grid_table: 'ripple' becomes 'own'\n",
        "limit: 45 % and 5500 W (generation: 2700 W Böe 45 % (DI3), then 5500 W user)\n",
    ):
        assert lines.find(text, at + 1) > at, text
        at = lines.find(text, at + 1)


@pytest.fixture(scope="module")
def commanded(slot):
    """The recording of a bridge whose plant obeys, forgets, falls silent, and is held to an export at the grid."""
    rigs.made("rp2040")
    return rigs.told("recorded_day.py", "plant")[0]


def test_what_was_written_read_back_and_ordered_is_decided_the_same(commanded):
    """Proves: DIA-1+"""
    file, outcomes, lost = replayed(commanded)
    assert (file.problems, lost, mismatches(outcomes)) == ([], 0, [])
    checked = [outcome for outcome in outcomes if outcome.is_checked]
    events = {kinds.EVENTS[outcome.fields["event"]] for outcome in checked if outcome.entry.kind == kinds.COMMAND}
    assert events >= {"want", "wrote", "read", "touch"}
    ordered = {outcome.fields["import_raw"] for outcome in checked if outcome.entry.kind == kinds.ORDERS}
    assert {None, 4200} <= ordered
    assert sum(outcome.entry.kind == kinds.EXPORT for outcome in checked) >= 3


@pytest.mark.parametrize("kind, field, value", (
    (kinds.COMMAND, "after_next_at", 12345), (kinds.COMMAND, "aftertarget", 12345), (kinds.COMMAND, "text_sum", 1),
    (kinds.ORDERS, "import_raw", 4199), (kinds.EXPORT, "cap_w", 12345),
))  # fmt: skip
def test_a_word_of_the_plant_s_command_that_is_recorded_otherwise_is_found(commanded, kind, field, value):
    """Proves: DIA-1+"""
    file, _, _ = replayed(commanded)
    found, _ = entries.decode(file.runs, file.end)
    place = kinds.FIELDS[kind].index(field)
    entry = next(entry for entry in found if entry.kind == kind and entry.values[place] is not None)
    values = list(entry.values)
    values[place] = value
    entry.values = tuple(values)
    (wrong,) = mismatches(decisions.replay(file, found))
    assert wrong[1][0].startswith(f"{field}: recorded {value}, decided ")


@pytest.mark.parametrize("seed", (0, 12, 24, 36))
def test_any_sequence_of_inputs_is_decided_the_same(slot, seed):
    """Contacts, commands, limits, readings and settings by chance, a ring that wraps, turns 10 to 50 ms apart.

    Proves: DIA-1+
    """
    checked = 0
    for text in rigs.told("recorded_day.py", "chance", 8, seed):
        file, outcomes, lost = replayed(text)
        assert (file.problems, lost, mismatches(outcomes)) == ([], 0, [])
        checked += sum(outcome.is_checked for outcome in outcomes)
    assert checked > 100


def test_a_decision_that_is_recorded_otherwise_is_found(whole, tmp_path):
    """Proves: DIA-1+"""
    file, outcomes, _ = replayed(whole[0])
    found, _ = entries.decode(file.runs, file.end)
    place = next(i for i, entry in enumerate(found) if entry.kind == 1 and entry.before)
    values = list(found[place].values)
    values[8] = 77  # the limit in %
    found[place].values = tuple(values)
    wrong = mismatches(decisions.replay(file, found))
    assert len(wrong) == 1 and wrong[0][1][0].startswith("limit_pct: recorded 77, decided ")


def test_a_rule_of_the_outputs_that_is_recorded_otherwise_is_found(whole):
    file, _, _ = replayed(whole[1])
    found, _ = entries.decode(file.runs, file.end)
    entry = [entry for entry in found if entry.kind == 6][-1]
    entry.values = (1 - entry.values[0], *entry.values[1:])
    assert [texts for _, texts in mismatches(decisions.replay(file, found))] == [["mask: recorded 1, decided 0"]]


def test_a_decision_that_was_never_recorded_is_found(whole):
    """An entry taken out of the middle: the law says later that it was missing."""
    file, _, _ = replayed(whole[1])
    found, _ = entries.decode(file.runs, file.end)
    laws = [entry for entry in found if entry.kind == 1]
    lost = next(entry for entry in laws[2:] if entry.values[8] != laws[laws.index(entry) - 1].values[8])
    assert mismatches(decisions.replay(file, [entry for entry in found if entry is not lost]))


def test_a_file_that_is_cut_shows_what_it_holds_and_says_so(whole, tmp_path):
    """Proves: DIA-1+"""
    lines = whole[0].splitlines(keepends=True)
    good, text = shown("".join(lines[:-3]), tmp_path)
    assert not good
    assert "Not whole: it ends too soon: the file was cut.\n" in text
    assert "contacts closed: DI4\n" in text and text.endswith("all the same\n")
    for cut in range(0, len(whole[1]), 331):  # anywhere, and never an error
        try:
            assert replayed(whole[1][:cut])[0].problems
        except files.FileError as error:
            assert cut < 200 and str(error) == "this is no recording of a flight recorder"


def test_a_flipped_bit_is_said_and_all_else_is_shown(whole, tmp_path):
    """Proves: DIA-1+"""
    lines = whole[0].splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if line[9:].startswith("288 "))
    flipped = lines[place].replace("288 ", "289 ")
    good, text = shown("".join([*lines[:place], flipped, *lines[place + 1 :]]), tmp_path)
    assert not good
    assert f"Not whole: line {place + 1} is damaged and left out.\n" in text
    assert "Not whole: 48 bytes are missing in the middle.\n" in text
    assert "something is missing here" in text and "MISMATCH" not in text and text.endswith("all the same\n")


def test_where_a_change_of_settings_is_lost_what_was_before_is_only_told(whole, tmp_path):
    """Proves: DIA-1+"""
    lines = whole[1].splitlines(keepends=True)
    good, text = shown("".join(lines[:-12]), tmp_path)
    assert not good and "contacts closed: DI4\n" in text and "MISMATCH" not in text
    assert "entries are only told: by which settings they were decided is missing.\n" in text
    assert text.endswith(" 0 of them decided once more: nothing to compare\n")


def test_each_single_flipped_bit_in_the_ring_is_survived(whole):
    """Also where the sum of the line was made after the flip, so that it tells nothing."""
    file, _, _ = replayed(whole[0])
    ((at, octets),) = file.runs
    for place in range(0, len(octets), 37):
        bent = bytearray(octets)
        bent[place] ^= 1 << place % 8
        found, _ = entries.decode([(at, bytes(bent))], file.end)
        outcomes = decisions.replay(file, found)
        list(timeline.lines(file, outcomes))


def test_a_file_of_another_version_is_read_as_far_as_it_goes(whole, tmp_path):
    """Proves: DIA-1+"""
    lines = whole[0].splitlines(keepends=True)
    first = json.loads(lines[0][9:])
    older = _line(json.dumps({**first, "version": "9.9.9"}))
    good, text = shown("".join([older, *lines[1:]]), tmp_path)
    assert good and f"This program is of version {build.version()}: " in text
    other = _line(json.dumps({**first, "flight_recorder": 2}))
    with pytest.raises(files.FileError, match="this recording has format 2; this program reads 1"):
        files.read("".join([other, *lines[1:]]))


def test_an_unknown_kind_is_passed_over(whole):
    file, _, _ = replayed(whole[0])
    strange = entries.Entry(30, 0, 0, (1, 2), None, None, False)
    outcomes = decisions.replay(file, [strange])
    (line,) = timeline.lines(file, outcomes)
    assert line.endswith("  an entry of kind 30 that this version does not know")


def test_no_recording_is_said_in_a_line(tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("hello\n")
    done = CliRunner().invoke(_app(), ["replay", str(path)])
    assert done.exit_code == 2 and "this is no recording of a flight recorder" in done.output
    done = CliRunner().invoke(_app(), ["replay", str(tmp_path / "none.txt")])
    assert done.exit_code == 2 and "cannot be read: No such file or directory" in done.output


def test_frames_that_were_kept_one_by_one_replay_together(whole):
    """What a journal keeps of each frame is enough: any frame can be the first."""
    file, outcomes, _ = replayed(whole[1])
    ((at, octets),) = file.runs
    frames = [n for n in range(len(octets) - 1) if octets[n] == 0xE0]
    for begin in frames:
        found, lost = entries.decode([(at + begin, octets[begin:])], file.end)
        again = decisions.replay(file, found)
        assert (lost, mismatches(again)) == (0, [])


def _line(content):
    return f"{binascii.crc32(content.encode()):08x} {content}\n"


def _app():
    from bridgectl.cli import app

    return app
