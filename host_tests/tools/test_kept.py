"""What is made once for all processes."""

import pytest
from bridgectl import firmware
from bridgectl.kept import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(firmware, "BUILD", tmp_path)
    return tmp_path / "things"


def _never():
    raise AssertionError("it is there already")


def test_a_thing_is_made_once_and_anew_when_what_it_is_made_of_changes():
    assert kept("things", ("a", "b"), lambda: {"made": 1}) == {"made": 1}
    assert kept("things", ("a", "b"), _never) == {"made": 1}
    assert kept("things", ("a", "c"), lambda: {"made": 2}) == {"made": 2}
    assert kept("things", ("ab",), lambda: {"made": 3}) == {"made": 3}
    assert kept("things", ("a", "b"), _never) == {"made": 1}


@pytest.mark.parametrize("content", [b"", b"\x80", b"nothing of the kind", b"cbridgectl.kept\ngone\n."])
def test_what_cannot_be_read_again_is_made_anew(folder, content):
    kept("things", ("a",), lambda: 1)
    (file,) = folder.iterdir()
    file.write_bytes(content)
    assert kept("things", ("a",), lambda: 2) == 2
    assert kept("things", ("a",), _never) == 2


def test_what_failed_is_not_kept(folder):
    with pytest.raises(ZeroDivisionError):
        kept("things", ("a",), lambda: 1 / 0)
    assert kept("things", ("a",), lambda: 5) == 5


def test_only_the_newest_few_stay(folder):
    for n in range(9):
        kept("things", (str(n),), lambda n=n: n)
    assert len([*folder.iterdir()]) == 4
    assert kept("things", ("8",), _never) == 8
