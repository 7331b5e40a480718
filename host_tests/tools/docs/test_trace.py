"""The trace from requirements to tests: what it reads, what it says, and that it fits what is there now."""

import subprocess
import sys

import pytest
from bridgectl.docs import requirements, trace
from patience import HANG_S

_SPEC = """# Title
A line that refers to ABC-1 only.
| pins | what |
|---|---|
| 1, 2 | ABC-1: dry *contact*; see ABC-2+ |
| 3 | ABC-2+: likewise |

- ABC-3: `one` thing (XYZ-9). ABC-4+: another: with a colon.
"""
_WANTED = {
    "ABC-1": "dry contact; see ABC-2+",
    "ABC-2+": "likewise",
    "ABC-3": "one thing (XYZ-9).",
    "ABC-4+": "another: with a colon.",
}
_JUNIT = """<testsuites><testsuite>
<testcase classname="x" name="test_good"/>
<testcase classname="x" name="test_each[1]"/><testcase classname="x" name="test_each[2]"><failure message="no"/></testcase>
<testcase classname="x" name="test_left_out"><skipped message="no"/></testcase>
</testsuite></testsuites>"""


def test_ids_and_texts_are_read_from_the_specification():
    assert requirements.read(_SPEC) == _WANTED
    assert requirements.table(_WANTED).splitlines()[:2] == ["id,requirement", "ABC-1,dry contact; see ABC-2+"]
    with pytest.raises(ValueError, match="ABC-3 stands twice"):
        requirements.read(_SPEC + "- ABC-3: again\n")


def test_the_table_is_written_from_a_specification_and_an_old_one_is_noticed(tmp_path, monkeypatch, capsys):
    spec = tmp_path / "spec.md"
    spec.write_text(_SPEC)
    monkeypatch.setattr(requirements, "TABLE", tmp_path / "requirements.csv")
    monkeypatch.setattr(sys, "argv", ["requirements", str(spec)])
    requirements.main()
    assert (tmp_path / "requirements.csv").read_text().splitlines()[2] == "ABC-2+,likewise"
    monkeypatch.setattr(sys, "argv", ["requirements", "--check", str(spec)])
    requirements.main()
    spec.write_text(_SPEC.replace("likewise", "otherwise"))
    with pytest.raises(SystemExit, match="is old"):
        requirements.main()


def test_tests_say_in_docstring_or_mark_what_they_prove(tmp_path):
    (tmp_path / "mp_one.py").write_text(
        'def test_a():\n    """Proves: ABC-1, ABC-2+"""\n\ndef helper():\n    """Proves: ABC-3"""\n'
    )
    (tmp_path / "test_two.py").write_text('@pytest.mark.proves("ABC-1")\nasync def test_b():\n    pass\n')
    assert trace.proofs(tmp_path) == {
        "ABC-1": ["mp_one.py::test_a", "test_two.py::test_b"],
        "ABC-2+": ["mp_one.py::test_a"],
    }


def test_results_are_those_of_the_last_run_and_one_failed_case_fails_its_test(tmp_path):
    (tmp_path / "tests.xml").write_text(_JUNIT)
    assert trace.results(tmp_path / "tests.xml") == {
        "test_good": "ok",
        "test_each": "failed",
        "test_left_out": "skipped",
    }
    assert trace.results(tmp_path / "none.xml") == {}


# tests, clauses, results, verdict
# fmt: off
VERDICTS = (
    ([],               [],                         {},                          "open"),
    ([],               [("a", "")],                {},                          "open"),
    (["x::a"],         [],                         {"a": "ok"},                 "ok"),
    (["x::a"],         [("b", "x::a")],            {"a": "ok"},                 "ok"),
    (["x::a"],         [("b", "x::a"), ("c", "")], {"a": "ok"},                 "partly"),
    (["x::a", "x::b"], [],                         {"a": "ok", "b": "skipped"}, "partly"),
    (["x::a", "x::b"], [],                         {"a": "ok"},                 "not run"),
    (["x::a", "x::b"], [("c", "")],                {"a": "failed"},             "failed"),
)
# fmt: on


@pytest.mark.parametrize("tests, rows, ran, verdict", VERDICTS)
def test_each_id_has_one_verdict(tests, rows, ran, verdict):
    assert trace.verdict(tests, rows, ran) == verdict


def test_what_is_missing_is_named_and_everything_is_counted():
    proved = {"ABC-1": ["x::test_a"], "ABC-2+": ["x::test_b"]}
    parts = {"ABC-2+": [("by hand", "x::test_b"), ("by night", "")]}
    lines, counts = trace.report(_WANTED, proved, parts, {"test_a": "ok", "test_b": "ok"})
    assert lines == [
        "ABC-1    ok       dry contact; see ABC-2+",
        "                  ok       x::test_a",
        "ABC-2+   partly   likewise",
        "                  missing  by night",
        "                  ok       x::test_b",
        "ABC-3    open     one thing (XYZ-9).",
        "ABC-4+   open     another: with a colon.",
    ]
    assert trace.said(counts) == "4 ids: 1 ok, 1 partly, 2 open"


def test_what_does_not_fit_together_is_told():
    proved = {"ABC-1": ["x::test_a"], "ABC-2": ["x::test_b"]}
    parts = {"ABC-1": [("one", "x::test_a"), ("two", "x::test_c")], "ABC-9": [("three", "")]}
    assert trace.misfits(_WANTED, proved, parts) == [
        "ABC-2 is no id of the specification, but a test names it: x::test_b",
        "ABC-9 is no id of the specification, but docs/clauses.csv has it",
        "ABC-1, two: no test x::test_c names this id",
    ]


def test_tests_clauses_and_specification_fit_together_now():
    assert trace.misfits(trace.requirements(), trace.proofs(), trace.clauses()) == []
    names = [test.split("::")[1] for rows in trace.clauses().values() for _, test in rows if test]
    assert len(names) > 20


def test_the_trace_is_printed_by_its_command():
    command = [sys.executable, "-m", "bridgectl.docs.trace", "--short"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, cwd=trace.ROOT, check=False)
    assert done.stdout.startswith("63 ids: "), done.stderr
