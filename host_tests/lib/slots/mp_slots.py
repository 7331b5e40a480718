# heap: 8m
# Which slot starts: boot.py and lib/slots together.
import json
import os
import sys

import ram_disk
import tiny_bundle
from slots.installer import Installer
from slots.slots import Slots
from store import record

sys.path.append("firmware")
import boot

ROOT = ram_disk.ROOT


def install(version, running, minimum="0.0.0"):
    slots = Slots(ROOT, running)
    installer = Installer(slots, "sigen-bridge", "host")
    view = memoryview(tiny_bundle.bundle(version, minimum=minimum))
    while view:
        view = view[installer.feed(view) :]
    while not installer.finish():
        pass
    return slots


def two_versions():
    """1.0.0 confirmed in a, 2.0.0 on trial in b."""
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    return install("2.0.0", "a")


def spoil(path):
    with open(path, "wb") as f:
        f.write(b"rubbish")


def test_without_any_slot_nothing_starts_and_nothing_raises():
    """Proves: OTA-3+"""
    ram_disk.mount()
    assert boot.choose(ROOT) is None
    before = list(sys.path)
    assert boot.start(ROOT) is None
    assert sys.path == before


def test_a_flashed_slot_without_any_record_starts():
    ram_disk.mount()
    install("1.0.0", "b")
    os.remove(ROOT + "/slot_state")
    assert boot.choose(ROOT) == "/t/a"


def test_records_of_the_wrong_kind_never_keep_a_board_from_starting():
    """Proves: OTA-3+"""
    two_versions()
    for wrong in ("x", None, [], {}, 1.5):
        record.save(ROOT + "/slot_state", {"slot": "b", "trial": True, "serial": wrong})
        record.save(ROOT + "/slot_boots", {"serial": 0, "count": wrong})
        assert boot.choose(ROOT) == "/t/b"


def test_the_chosen_slot_comes_first_on_the_path_and_slots_knows_it():
    two_versions()
    assert boot.start(ROOT + "/") == "/t/b"
    assert sys.path[0] == "/t/b"
    slots = Slots(ROOT)
    assert (slots.running, slots.idle(), slots.on_trial()) == ("b", "a", True)


def test_a_trial_gets_three_starts_and_then_the_old_version_returns_for_good():
    """Proves: OTA-3+"""
    two_versions()
    assert [boot.choose(ROOT) for _ in range(6)] == ["/t/b"] * 3 + ["/t/a"] * 3
    slots = Slots(ROOT, "a")
    assert not slots.on_trial()
    assert record.load(ROOT + "/slot_state")["slot"] == "a"


def test_a_confirmed_version_stays_over_any_number_of_steady_starts():
    """Proves: OTA-3+"""
    two_versions()
    boot.choose(ROOT)
    Slots(ROOT, "b").confirm()
    for _ in range(20):
        assert boot.choose(ROOT) == "/t/b"
        Slots(ROOT, "b").settle()


def test_a_confirmed_version_in_a_loop_of_starts_gives_the_other_one_a_turn():
    """Proves: OTA-3+"""
    two_versions()
    Slots(ROOT, "b").confirm()
    assert [boot.choose(ROOT)[-1] for _ in range(12)] == list("bbbbbaaaaabb")


def test_a_loop_of_starts_with_no_other_slot_goes_on_trying():
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    assert [boot.choose(ROOT) for _ in range(12)] == ["/t/a"] * 12


def test_a_trial_whose_other_slot_is_gone_goes_on_trying():
    two_versions()
    os.remove(ROOT + "/a/manifest.json")
    assert [boot.choose(ROOT) for _ in range(6)] == ["/t/b"] * 6


def test_a_damaged_state_record_starts_a_complete_slot():
    """Proves: OTA-4+"""
    for spoiled, wanted in (
        (("slot_state",), "/t/a"),
        (("slot_boots",), "/t/b"),
        (("slot_state", "slot_boots"), "/t/a"),
    ):
        two_versions()
        boot.choose(ROOT)
        for name in spoiled:
            spoil(ROOT + "/" + name)
        assert boot.choose(ROOT) == wanted
        unmount()


def test_a_slot_with_a_damaged_manifest_or_a_file_of_a_wrong_size_never_starts():
    """Proves: OTA-4+"""
    for path in ("manifest.json", "main.mpy", "bridge/app.mpy"):
        two_versions()
        spoil(ROOT + "/b/" + path)
        assert boot.choose(ROOT) == "/t/a", path
        unmount()
    for rubbish in (
        b"",
        b"[]",
        b"{}",
        b'{"files": 5}',
        b'{"files": []}',
        b'{"files": [5]}',
        b'{"files": [["x"]]}',
        b"[" * 5000,
    ):
        two_versions()
        with open(ROOT + "/b/manifest.json", "wb") as f:
            f.write(rubbish)
        assert boot.choose(ROOT) == "/t/a", rubbish
        unmount()


def test_starts_that_cannot_be_counted_are_no_trial():
    """Proves: OTA-3+"""
    two_versions()
    save = boot._save
    boot._save = lambda path, value: False  # a flash that takes no write any more
    assert boot.choose(ROOT) == "/t/a"
    boot._save = save
    assert boot.choose(ROOT) == "/t/b"


def test_boot_and_record_read_each_other():
    ram_disk.mount()
    record.save(ROOT + "/x", {"slot": "b", "serial": 12})
    assert boot._load(ROOT + "/x") == {"slot": "b", "serial": 12}
    assert boot._save(ROOT + "/y", {"count": 3, "text": "ä"})
    assert record.load(ROOT + "/y") == {"count": 3, "text": "ä"}


def test_the_minimum_of_a_version_counts_only_once_it_has_proved_itself():
    """Proves: OTA-2+"""
    ram_disk.mount()
    install("1.0.0", "b")
    Slots(ROOT, "a").confirm()
    install("2.0.0", "a", minimum="1.5.0")
    assert Slots(ROOT, "a").floor() == "0.0.0"
    Slots(ROOT, "b").confirm()
    assert Slots(ROOT, "b").floor() == "1.5.0"
    for _ in range(6):
        boot.choose(ROOT)  # going back does not lower it
    assert record.load(ROOT + "/slot_state")["slot"] == "a"
    assert Slots(ROOT, "a").floor() == "1.5.0"


def test_boot_is_plain_and_small_and_imports_nothing_of_ours():
    with open("firmware/boot.py") as f:
        lines = f.read().split("\n")
    imports = [x for x in lines if x.startswith(("import ", "from "))]
    assert imports == [
        "import json", "import os", "import sys", "from binascii import crc32", "import vfs"
    ]  # fmt: skip
    assert len(lines) < 160
    assert json  # the interpreter has what it imports


def unmount():
    import vfs

    vfs.umount(ROOT)
