"""The package files of the libraries are made from what their modules import."""

from bridgectl.docs import packages


def test_every_package_file_is_what_its_modules_import():
    assert packages.old() == []


def test_a_room_needs_what_it_imports_late_and_what_its_example_imports_but_not_the_example():
    assert sorted(packages.needed("modbus/pace")) == [
        "clock.py",
        "modbus/pace/pacing.py",
        "modbus/pace/plan.py",
        "modbus/pace/planner.py",
        "modbus/pace/rest.py",
        "modbus/pace/runs.py",
        "modbus/wire/crc.py",
        "modbus/wire/rtu.py",
        "modbus/wire/statuses.py",
        "modbus/wire/timing.py",
        "parts.py",
    ]


def test_a_new_module_makes_the_package_of_its_room_old(tmp_path, monkeypatch):
    (tmp_path / "tide").mkdir()
    (tmp_path / "clock.py").write_text("")
    (tmp_path / "tide" / "high.py").write_text("import clock\n")
    monkeypatch.setattr(packages, "LIB", tmp_path)
    assert packages.old() == ["tide"]
    monkeypatch.setattr(packages.sys, "argv", ["packages"])
    packages.main()
    assert (tmp_path / "tide" / "package.json").read_text() == (
        '{\n  "urls": [\n    ["clock.py", "../clock.py"],\n    ["tide/high.py", "high.py"]\n  ],\n'
        '  "deps": [],\n  "version": "0.1.0"\n}\n'
    )
    (tmp_path / "tide" / "low.py").write_text("")
    assert packages.old() == ["tide"]
