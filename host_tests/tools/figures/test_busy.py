"""The figure of the suite beside busy programs: they are busy, they end, and failures are counted."""

import os
import pathlib
import time

import pytest
from bridgectl.figures import busy
from patience import HANG_S


def test_the_other_programs_are_busy_and_end_with_the_figure():
    with busy.busy(2) as turning:
        deadline = time.monotonic() + HANG_S
        used = [0, 0]
        while not all(used):
            assert time.monotonic() < deadline, used
            stats = [
                pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split() for process in turning
            ]
            used = [int(words[11]) for words in stats]  # user time, in clock ticks
            os.sched_yield()
        assert [process.poll() for process in turning] == [None, None]
    assert [process.poll() for process in turning] == [-9, -9]


def test_failures_and_errors_are_counted_and_a_suite_that_did_not_run_is_none(tmp_path):
    path = tmp_path / "busy.xml"
    path.write_text(
        '<testsuites><testsuite><testcase name="a"/><testcase name="b[1]"><failure/></testcase>'
        '<testcase name="c"><error/></testcase><testcase name="d"><skipped/></testcase></testsuite></testsuites>'
    )
    assert busy.failed(path) == ["b[1]", "c"]
    path.write_text("<testsuites><testsuite/></testsuites>")
    with pytest.raises(RuntimeError, match="no test ran"):
        busy.failed(path)
