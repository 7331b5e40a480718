"""Where an image keeps its files and its read-only segment: asked of the image itself, with blank flash."""

import dataclasses

import pytest
from bridgectl.emulator import __main__ as emulate
from bridgectl.emulator import explore, image, layout, repl, scenario
from bridgectl.emulator.chip import Chip

_FILES, _ROM = b"here do the files begin\0", b"here does the segment begin\0"
_ANSWER = "LAYOUT files 128 4096\nLAYOUT rom 160 4096\nLAYOUT image 1.28.0 for a board of our own\n"
_OURS = layout.Layout(
    "1.28.0 for a board of our own", 0x380000, 128, 4096, rom_start=0x2E0000, rom_bytes=0xA0000
)  # 4 MiB


def _flash(**marks):
    content = bytearray(b"\xff" * 0x400000)
    for mark, at in (marks.get("files", (_FILES, 0x380000)), marks.get("rom", (_ROM, 0x2E0000))):
        content[at : at + len(mark)] = mark
    return bytes(content)


def test_the_official_image_says_of_itself_what_we_know_of_it():
    found = explore.found()
    assert found == layout.OFFICIAL == explore.layout_of()
    assert (found.files_start, found.block_count, found.block_bytes) == (0x12C000, 212, 4096)
    assert found.carrier == "Files"


def test_an_image_with_a_segment_is_found_wherever_it_keeps_what():
    found = layout.parse(_ANSWER, _flash())
    assert found == _OURS
    assert found.files_bytes == 524_288
    assert found.carrier == "Rom"


@pytest.mark.parametrize(
    ("text", "flash"),
    [
        ("", _flash()),
        ("LAYOUT image 1.28.0 for a board without files\n", _flash()),
        ("LAYOUT files 128 4096\n", _flash()),
        (_ANSWER, _flash(rom=(b"", 0))),
        (_ANSWER, _flash(rom=(_ROM + _FILES, 0x2E0000))),
    ],
)
def test_an_answer_that_leaves_a_doubt_is_refused(text, flash):
    with pytest.raises(layout.LayoutError):
        layout.parse(text, flash)


def test_files_and_slot_lie_where_the_image_looks_for_them():
    region = image.pack({"/boot.py": b"1"}, _OURS)
    assert len(region) == 524_288
    chip = Chip(region, layout=_OURS, rom=b"slot" * 1000)
    flash = bytes(chip.mcu.flash)
    assert flash[0x380000:0x400000] == region == chip.region()
    assert flash[0x2E0000 : 0x2E0000 + 4000] == b"slot" * 1000
    assert set(flash[0x2E0000 + 4000 : 0x380000]) == {0xFF}
    assert chip.rom()[:4004] == b"slot" * 1000 + b"\xff" * 4
    assert len(chip.rom()) == 655_360
    assert image.unpack(chip.region(), _OURS) == {"/boot.py": b"1"}


def test_a_slot_goes_into_the_segment_if_there_is_one_that_holds_two():
    files = {"/boot.py": b"1", "/a.slot": b"slot" * 1000, "/data/settings": b"2"}
    in_place = ({"/boot.py": b"1", "/data/settings": b"2"}, b"slot" * 1000)
    assert image.placed(files, _OURS) == in_place
    assert image.placed(files, layout.OFFICIAL) == (files, b"")
    assert image.placed(files, dataclasses.replace(_OURS, rom_bytes=393_216)) == in_place
    assert image.placed(files, dataclasses.replace(_OURS, rom_bytes=393_215)) == (files, b"")
    assert image.placed({"/boot.py": b"1"}, _OURS) == ({"/boot.py": b"1"}, b"")


def test_an_image_in_which_code_cannot_run_in_place_says_what_it_lacks():
    small = dataclasses.replace(_OURS, rom_bytes=393_215)
    assert (_OURS.lacks, _OURS.carrier) == ("", "Rom")
    assert layout.OFFICIAL.lacks == "it has no ROMFS segment (MICROPY_VFS_ROM, MICROPY_HW_ROMFS_BYTES)"
    assert (small.lacks, small.carrier) == ("its ROMFS segment has 383 KiB, and two slots need 384", "Files")


def test_a_run_with_such_an_image_of_one_s_own_says_so_before_it_measures(monkeypatch, capsys):
    monkeypatch.setattr(explore, "layout_of", lambda uf2: layout.OFFICIAL)
    monkeypatch.setitem(scenario.RUNS, "wired", lambda figures, setup: print("measured"))
    emulate.main(["--uf2", "some.uf2", "wired"])
    out, err = capsys.readouterr()
    assert err == (
        "emulate: 1.27.0 for Raspberry Pi Pico W with RP2040: no code in place, "
        "it has no ROMFS segment (MICROPY_VFS_ROM, MICROPY_HW_ROMFS_BYTES)\n"
    )
    assert out.startswith("measured\n")


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="655361 in place do not fit"):
        Chip(layout=_OURS, rom=bytes(655_361))
    with pytest.raises(ValueError, match="do not fit"):
        Chip(rom=b"1")


def test_a_program_at_the_raw_prompt_gives_what_it_prints_or_its_traceback():
    chip = Chip()
    assert repl.run(chip, b"print('a')\nprint(6 * 7)\n") == "a\n42\n"
    with pytest.raises(repl.GuestError, match="ZeroDivisionError"):
        repl.run(chip, b"1 // 0\n")
