"""What people are told of every point and fact."""

import table
from bridge import points, quantities


def test_every_point_and_fact_has_its_row_and_no_others():
    assert [row[0] for row in table.rows(quantities.POINTS)] == [row[0] for row in points.rows()]
    assert [row[0] for row in table.rows(quantities.FACTS)] == list(points.facts())


def test_an_energy_that_is_counted_and_a_code_are_the_same_to_the_board_and_to_home_assistant():
    kinds = {"total_increasing": points.COUNTER}
    for row, (name, _, device_class, state_class) in zip(points.rows(), table.rows(quantities.POINTS)):
        assert row[4] == (points.CODE if device_class == "enum" else kinds.get(state_class, "")), name


def test_units_and_titles_are_those_of_people():
    """Proves: SEN-1"""
    assert [quantities.unit(name) for name in ("sensor_power_factor", "sensor_phase_angle", "plant_soc")] == [
        "",
        "°",
        "%",
    ]
    assert quantities.title("sensor_import_energy") == "Sensor import energy"
    assert (quantities.title("di1"), quantities.title("rs485_1")) == ("DI1", "RS485-1")
    try:
        quantities.unit("sensor_colour")
        raise AssertionError
    except ValueError as e:
        assert str(e) == "no point sensor_colour"
