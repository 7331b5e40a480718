"""A test in a copy of its process: what it changes stays there, and its failure comes back."""

import os

import forked
import pytest


def test_a_copy_changes_nothing_of_ours_and_is_another_process(tmp_path):
    held = [1]
    told = tmp_path / "told"

    def change():
        held.append(2)
        told.write_text(f"{os.getpid()} {held}")

    forked.run(change)
    pid, _, seen = told.read_text().partition(" ")
    assert (held, seen) == ([1], "[1, 2]") and int(pid) != os.getpid()


@pytest.mark.parametrize(
    "end, said",
    [
        (lambda: 1 // 0, "ZeroDivisionError"),
        (lambda: pytest.fail("as told"), "as told"),
        (lambda: os.kill(os.getpid(), 9), "status 9"),
    ],
)
def test_a_failure_comes_back_whatever_it_is(end, said):
    with pytest.raises(forked.Failed, match=said):
        forked.run(end)


@pytest.mark.forked
def test_a_marked_test_runs_in_a_copy(owner):
    assert os.getppid() == owner


@pytest.fixture(scope="module")
def owner():
    return os.getpid()
