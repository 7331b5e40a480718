# heap: 8m
# What boot.py makes of damage, and of what the image of MicroPython has: records, heads, images, carriers.
import os

import ram_disk
import tiny_bundle
from slots.slots import Slots
from slots_rig import HALF, ROOT, boot, choose, install, rom, spoil, states, two_versions, unmount
from store import record


def test_records_of_the_wrong_kind_never_keep_a_board_from_starting():
    """Proves: OTA-3+"""
    two_versions()
    os.remove(ROOT + "/data/slot_state")
    for wrong in ("x", None, [], {}, 1.5):
        record.save(
            ROOT + "/slot_state", {"slot": "b", "trial": True, "serial": wrong, "floor": wrong, "failed": wrong}
        )
        record.save(ROOT + "/slot_boots", {"serial": 0, "count": wrong, "meant": wrong})
        assert choose() == "b"
        assert Slots(ROOT, "b").failed() == ([] if wrong != [] else wrong)


def test_one_damaged_state_record_changes_nothing_and_two_start_a_slot_that_is_whole():
    """Proves: OTA-4+"""
    for spoiled, wanted in (
        (("slot_state",), "b"),
        (("data/slot_state",), "b"),
        (("slot_boots",), "b"),
        (("slot_state", "slot_boots"), "b"),
        (("slot_state", "data/slot_state"), "a"),
    ):
        two_versions()
        choose()
        for name in spoiled:
            spoil(ROOT + "/" + name)
        assert choose() == wanted, spoiled
        unmount()


def test_a_failed_version_stays_failed_and_the_floor_stays_whichever_copy_of_the_state_is_damaged():
    """Proves: OTA-2+, OTA-4+"""
    for name in ("slot_state", "data/slot_state"):
        ram_disk.mount()
        install("1.5.0", "b", minimum="1.2.0")
        Slots(ROOT, "a").confirm()
        install("2.0.0", "a")
        assert "".join([choose() for _ in range(4)]) == "bbba"
        spoil(ROOT + "/" + name)
        assert choose() == "a"
        slots = Slots(ROOT, "a")
        assert (slots.floor(), len(slots.failed()), slots.on_trial()) == ("1.2.0", 1, False)
        unmount()


def flipped(content, at):
    return content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]


def test_a_slot_with_one_flipped_bit_never_starts_and_nothing_is_written_down():
    """Proves: OTA-4+, REL-3+"""
    two_versions()
    boot.machine.cause = 1  # nothing is counted
    whole = tiny_bundle.slot("2.0.0")
    for at in [0, 8, 11, 15, 20, 22, 40, 150, 200, 4096, 4097, 4100] + list(range(4500, len(whole), 911)):
        ram_disk.put("b.slot", flipped(whole, at))
        assert choose() == "a", at
    for size in (0, 10, 22, 100, 4096, 5000, len(whole) - 1):
        ram_disk.put("b.slot", whole[:size])
        assert choose() == "a", size
    assert [state["slot"] for state in states()] == ["b", "b"]
    ram_disk.put("b.slot", whole)
    assert choose() == "b"


def test_a_manifest_of_the_wrong_kind_never_starts():
    """Proves: OTA-4+"""
    two_versions()
    boot.machine.cause = 1
    image = tiny_bundle.image_of("2.0.0")
    good = tiny_bundle.manifest_of("2.0.0", image)
    for name, wrong in (("mpy", 5), ("size", 1), ("version", "two"), ("version", None), ("version", "1.2")):
        made = tiny_bundle.joined(dict(list(good.items()) + [(name, wrong)]), image, b"")
        ram_disk.put("b.slot", made + b"\xff" * (4096 - len(made)) + image)
        assert choose() == "a", (name, wrong)
    for raw in (b"[]", b"{}", b"5", b"[" * 900):
        made = tiny_bundle.joined(raw, image, b"")
        ram_disk.put("b.slot", made + b"\xff" * (4096 - len(made)) + image)
        assert choose() == "a", raw


def test_the_same_holds_for_slots_in_rom():
    """Proves: OTA-3+, OTA-4+"""
    segment = rom()
    two_versions(segment)
    holder = boot._Rom(segment)
    assert "".join([choose(holder) for _ in range(2)]) == "bb"
    content = segment.part._whole.content
    for at in (0, 15, 40, 4096, 5000, 4096 + len(tiny_bundle.image_of("2.0.0")) - 1):
        content[HALF + at] ^= 1
        assert choose(holder) == "a", at
        content[HALF + at] ^= 1
    assert sorted(os.listdir(ROOT)) == ["data", "slot_boots", "slot_state"]
    assert (content[0:8], content[HALF : HALF + 8]) == (b"\x89SLOT2\r\n", b"\x89SLOT2\r\n")
    assert segment.part._whole.breaches == 0
    install("2.0.1", "a", segment=segment)
    assert choose(holder) == "b"
    assert Slots(ROOT, "b", segment).manifest("b")["version"] == "2.0.1"


def test_the_carrier_is_what_the_image_has():
    import vfs

    class Vfs:
        VfsRom = vfs.VfsRom

        def __init__(self, answer):
            self.answer = answer

        def rom_ioctl(self, operation, number):
            assert (operation, number) == (2, 0)
            return self.answer

    assert boot.carrier("/").name == "Files"
    for answer, name in ((-19, "Files"), (bytearray(2 * HALF - 1), "Files"), (rom(), "Rom")):
        boot.vfs = Vfs(answer)
        assert boot.carrier("/").name == name
        from slots import slots

        slots.vfs = boot.vfs
        assert type(Slots(ROOT, "a").carrier()).__name__ == name


def test_boot_and_record_read_each_other():
    ram_disk.mount()
    record.save(ROOT + "/x", {"slot": "b", "serial": 12})
    assert boot.load(ROOT + "/x") == {"slot": "b", "serial": 12}
    assert boot.save(ROOT + "/y", {"count": 3, "text": "ä"})
    assert record.load(ROOT + "/y") == {"count": 3, "text": "ä"}


def test_boot_is_plain_and_small_and_imports_nothing_of_ours():
    with open("firmware/boot.py") as f:
        lines = f.read().split("\n")
    imports = [x for x in lines if x.startswith(("import ", "from "))]
    assert imports == [
        "import json", "import os", "import sys", "import time", "from binascii import crc32", "import machine", "import vfs"
    ]  # fmt: skip
    assert len(lines) < 295
