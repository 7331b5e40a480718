"""Tables as text: a row is found by its whole key."""

import table

TABLE = """
one|1|a
two|2|b,c
"""


def test_a_row_is_found_by_its_whole_key_only():
    assert table.row(TABLE, "two") == ("two", "2", "b,c")
    assert [table.number(TABLE, key) for key in ("one", "two")] == [0, 1]
    for key in ("", "tw", "wo", "2", "two|2", "two|2|b,c\n", "\ntwo", "one|1|a\ntwo", "|", "\n"):
        assert table.row(TABLE, key) is None, key
        try:
            table.number(TABLE, key)
        except ValueError:
            continue
        raise AssertionError(key)


def test_rows_come_in_order_and_are_counted():
    assert [row[0] for row in table.rows(TABLE)] == ["one", "two"]
    assert table.count(TABLE) == 2
