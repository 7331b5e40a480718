"""The own table as a text: what is taken, what is refused with its rule, how single rows are edited."""

from bridge import grid_rows
from bridge.settings import Settings


def test_a_row_is_read_with_all_that_it_says():
    """Proves: DRM-1"""
    rows, reason = grid_rows.read("0100 p60 i50 c-0.95 = EVU 60;0000 p100;  1111   x ;0010 q-30 d")
    assert reason == ""
    assert rows == {
        2: (60, 50, 1, -950, False, False, "EVU 60"),
        0: (100, 100, 0, 0, False, False, ""),
        15: (0, 0, 0, 0, False, True, ""),
        4: (100, 100, 2, -30, True, False, ""),
    }


REFUSED = (
    ("0100 p60; 0100 p30", "has two rows for 0100"),
    ("0100 p101", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 p-1", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 pnan", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 p", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 p1e1", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 p\u0661", "row 0100: p must be a whole number, 0 to 100"),
    ("0100 i200", "row 0100: i must be a whole number, 0 to 100"),
    ("0100 q61", "row 0100: q must be a whole number, -60 to 60"),
    ("0100 c0.79", "row 0100: c must be 0.8 to 1, or -0.8 to above -1, with at most three decimals"),
    ("0100 cnan", "row 0100: c must be 0.8 to 1, or -0.8 to above -1, with at most three decimals"),
    ("0100 c-1", "row 0100: c must be 0.8 to 1, or -0.8 to above -1, with at most three decimals"),
    ("0100 c0.9999", "row 0100: c must be 0.8 to 1, or -0.8 to above -1, with at most three decimals"),
    ("0100 c0.9 q10", "row 0100: must not have both c and q"),
    ("0100 p60 p30", "row 0100: names p twice"),
    ("0100 x p0", "row 0100: x stands alone: nothing flows"),
    ("0100 x1", "row 0100: x stands alone"),
    ("0100 z5", "row 0100: knows p, i, c, q, d and x, not z5"),
    ("0100", "row 0100: says nothing; p100 is no limit"),
    ("0100 p60 =", "row 0100: the words after = must be 1 to 24 bytes long"),
    ("0100 p60 = " + "x" * 25, "row 0100: the words after = must be 1 to 24 bytes long"),
    ("0100 p60; 00", "must begin each row with four digits 0 or 1, DI1 first, not 00"),
    ("0120 p60", "must begin each row with four digits 0 or 1, DI1 first, not 0120 p60"),
    ("p60", "must begin each row with four digits 0 or 1, DI1 first, not p60"),
    ("= words", "must begin each row with four digits 0 or 1, DI1 first, not = words"),
    ("+", "must name a row after +"),
    ("-0100 p60", "must name after - only combinations, not 0100 p60"),
    ("+0100 p60; 0100 p30", "has two rows for 0100"),
)


def test_what_breaks_a_rule_is_refused_with_the_row_and_what_was_in_force_stays():
    """Proves: DRM-1, PRV-8+"""
    s = Settings()
    assert s.apply({"grid_table": "own", "grid_rows": "1000 p10"}) == []
    for text, rule in REFUSED:
        assert s.apply({"grid_rows": text}) == [("grid_rows", rule)], text
        assert (s.grid_table, s.grid_rows) == ("own", "1000 p10")


def test_rows_are_edited_one_by_one():
    """Proves: DRM-1"""
    s = Settings()
    assert s.apply({"grid_rows": "0010  p30;1000 p100 ; 0100 p60"}) == []
    assert s.grid_rows == "1000 p100; 0100 p60; 0010 p30"
    assert s.apply({"grid_rows": "+0001 p0 = Stop; 0100 p50 i20"}) == []
    assert s.grid_rows == "1000 p100; 0100 p50 i20; 0010 p30; 0001 p0 = Stop"
    assert s.apply({"grid_rows": "-1000;0010; 1111"}) == []
    assert s.grid_rows == "0100 p50 i20; 0001 p0 = Stop"


def test_an_own_table_needs_a_row_and_keeps_one():
    """Proves: DRM-1"""
    rule = "own needs at least one row: set grid_rows with it"
    s = Settings()
    assert s.apply({"grid_table": "own"}) == [("grid_table", rule)]
    assert s.apply({"grid_table": "own", "grid_rows": ""})[0] == ("grid_rows", rule)
    assert s.apply({"grid_table": "own", "grid_rows": "1000 p0"}) == []
    assert s.apply({"grid_rows": "-1000"}) == [("grid_rows", rule)]
    assert s.grid_rows == "1000 p0"


def test_a_whole_table_with_words_in_every_row_fits_and_one_that_grows_too_long_does_not():
    s = Settings()
    rows = ["%s p%d = r%d" % (grid_rows.combination_of(m), m, m) for m in range(16)]
    assert s.apply({"grid_rows": ";".join(rows)}) == []
    assert len(grid_rows.read(s.grid_rows)[0]) == 16
    for m in range(14):
        change = "+%s p%d i%d c-0.955 = %s" % (grid_rows.combination_of(m), m, m, "w" * 24)
        refused = s.apply({"grid_rows": change})
        assert len(s.grid_rows) <= 600
    assert refused[0][1][:31] == "must be 0 to 600 bytes long, no", refused


def test_the_modes_of_the_contacts_are_named_in_turn():
    """Proves: DRM-1"""
    s = Settings()
    rule = "must name the mode of DI1 to DI4 in turn, each 0 to 8, or - for none"
    for text in ("5679", "56 8", "----", "abcd"):
        assert s.apply({"grid_drm": text}) == [("grid_drm", rule)], text
    assert s.apply({"grid_drm": "5578"}) == [("grid_drm", "must not name a mode twice")]
    assert s.apply({"grid_drm": "567"}) == [("grid_drm", "must be 4 to 4 bytes long, not 3")]
    assert s.apply({"grid_drm": "0-51"}) == []
