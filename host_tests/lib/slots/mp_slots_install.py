# heap: 8m
# What a bundle may be: every refusal names its field and its rule, and nothing that runs changes.
import json
import os

import ram_disk
import tiny_bundle
from slots import head
from slots.installer import Installer
from slots.slots import Slots
from slots.version import Refused
from store import record
from tiny_bundle import image_of, joined, manifest_of, one_block, packed

ROOT = ram_disk.ROOT


def feed(raw, piece=300, **options):
    """Feed a bundle into slot b while a runs; return the Installer."""
    installer = Installer(Slots(ROOT, "a"), "sigen-bridge", "host", **options)
    view = memoryview(raw)
    while view:
        view = view[installer.feed(view[:piece]) :]
    while not installer.finish():
        pass
    return installer


def content(slot):
    """Return the bytes of a slot's file, None if it is not complete."""
    if slot + ".slot" not in os.listdir(ROOT):
        return None
    with open(ROOT + "/" + slot + ".slot", "rb") as file:
        return file.read()


def ready():
    """Make a disk with 1.0.0 in slot a, running and confirmed; return what must not change."""
    ram_disk.mount()
    installer = Installer(Slots(ROOT, "b"), "sigen-bridge", "host")
    view = memoryview(tiny_bundle.bundle("1.0.0"))
    while view:
        view = view[installer.feed(view) :]
    while not installer.finish():
        pass
    Slots(ROOT, "a").confirm()
    return content("a"), record.load(ROOT + "/slot_state")


def refused(raw, before, **options):
    """Return the text with which a bundle is refused; nothing that runs or could start may have changed."""
    try:
        feed(raw, **options)
        text = ""
    except Refused as e:
        text = str(e)
        assert text == e.field + ": " + e.rule
    assert before == (content("a"), record.load(ROOT + "/slot_state"))
    assert Slots(ROOT, "a").manifest("b") is None
    return text


def test_a_good_bundle_is_installed_and_starts_on_trial():
    """Proves: OTA-3+"""
    ready()
    installer = feed(tiny_bundle.bundle("2.0.0"))
    assert (installer.version, installer.signed, installer.percent()) == ("2.0.0", False, 100)
    slots = Slots(ROOT, "b")
    assert slots.on_trial()
    assert slots.manifest("b")["version"] == "2.0.0"
    assert content("b") == tiny_bundle.slot("2.0.0")


def test_pieces_of_any_size_make_the_same_installation():
    for piece in (1, 2, 7, 1000, 100000):
        ready()
        feed(tiny_bundle.bundle("2.0.0"), piece)
        assert Slots(ROOT, "b").on_trial()
        unmount()


def test_an_older_version_in_the_way_is_replaced_and_leaves_nothing():
    ready()
    feed(tiny_bundle.bundle("2.0.0", files=(("old/deep/er/x.mpy", 10), ("y.mpy", 9000))))
    Slots(ROOT, "a").commit("a")
    Slots(ROOT, "a").confirm()
    feed(tiny_bundle.bundle("3.0.0"))
    assert content("b") == tiny_bundle.slot("3.0.0")
    assert sorted(os.listdir(ROOT)) == ["a.slot", "b.slot", "data", "slot_state"]


def test_a_bundle_that_is_none_for_another_product_or_board_is_refused_by_name():
    """Proves: OTA-2+"""
    before = ready()
    good = tiny_bundle.bundle("2.0.0")
    assert refused(b"PK\x03\x04" + good, before) == "bundle: is none: its first bytes are wrong"
    for field, value, text in (
        ("product", "coffee-machine", "product: must be sigen-bridge, not coffee-machine"),
        ("product", "<b>\n", "product: must be sigen-bridge, not ?b??"),
        ("board", "esp32", "board: must be host, not esp32"),
        ("version", "two", "version: must be three numbers like 1.2.3"),
        ("version", "1.2", "version: must be three numbers like 1.2.3"),
        ("version", 2, "version: must be three numbers like 1.2.3"),
        ("minimum", "2.0.1", "minimum: must not be above the version of the bundle"),
        ("minimum", None, "version: must be three numbers like 1.2.3"),
        ("mpy", 5, "mpy: must be the version that this MicroPython reads, 6"),
        ("mpy", None, "mpy: must be the version that this MicroPython reads, 6"),
        ("size", 9, "size: must be that of the image, 10260 bytes"),
        ("size", True, "size: must be that of the image, 10260 bytes"),
        ("sha256", "00", "sha256: must be 64 lower-case hex digits"),
        ("sha256", ["00"], "sha256: must be 64 lower-case hex digits"),
    ):
        image = image_of("2.0.0")
        manifest = manifest_of("2.0.0", image)
        manifest[field] = value
        found = refused(joined(manifest, image), before)
        assert found == text, found


def test_a_version_below_the_floor_is_too_old():
    """Proves: OTA-2+"""
    ready()
    feed(tiny_bundle.bundle("2.0.0", minimum="1.5.0"))
    Slots(ROOT, "b").confirm()
    Slots(ROOT, "b").commit("a")
    Slots(ROOT, "a").confirm()
    os.remove(ROOT + "/b.slot")
    before = content("a"), record.load(ROOT + "/slot_state")
    text = refused(tiny_bundle.bundle("1.4.9"), before)
    assert text == "version: 1.4.9 is too old, this device takes 1.5.0 or later"
    feed(tiny_bundle.bundle("1.5.0-rc1"))
    assert Slots(ROOT, "b").on_trial()


def test_what_is_too_large_is_refused_before_anything_is_written():
    """Proves: OTA-2+"""
    before = ready()
    made = manifest_of("2.0.0", b"")
    made["size"] = 600_000
    raw = head.make(json.dumps(made).encode(), b"", 600_000, 0)
    text = refused(raw, before)
    assert text.startswith("image: is too large: 600000 bytes of flash needed, ") and text.endswith(" free"), text
    fixed = head.make(b"{}", b"", 1 << 21, 0)
    assert refused(fixed, before) == "image: must be 1 to 1048576 bytes, not 2097152"
    assert refused(joined(b"[" * 3000, b"x"), before) == "manifest: must be 2 to 1024 bytes, not 3000"
    assert refused(joined(b"[" * 900, b"x"), before) == "manifest: must be a JSON object"
    assert refused(joined(b"{}{}", b"x"), before) == "manifest: must be a JSON object"
    assert refused(joined(b"{}", b"x").replace(b"\n\x00\x01", b"\n\x00\x02"), before) == (
        "bundle: is of format 2, this device takes 1"
    )


def test_a_bundle_cut_short_anywhere_or_with_more_behind_it_is_refused():
    """Proves: OTA-2+"""
    before = ready()
    good = tiny_bundle.bundle("2.0.0")
    for n in [0, 1, 7, 8, 11, 12, 21, 22, 43, 44, 200] + list(range(300, len(good), 997)) + [len(good) - 1]:
        assert refused(good[:n], before) == "bundle: is cut short", n
    assert refused(good + b"x", before) == "bundle: must end after its image"


def test_any_damaged_byte_is_refused():
    """Proves: OTA-2+"""
    before = ready()
    good = tiny_bundle.bundle("2.0.0")
    for at in list(range(0, 300, 11)) + list(range(300, len(good), 211)):
        text = refused(good[:at] + bytes([good[at] ^ 0x15]) + good[at + 1 :], before)
        assert text, at


def test_a_compression_bomb_stops_at_the_declared_size():
    """Proves: OTA-2+"""
    before = ready()
    # 100,000 zeros as zlib deflates them
    bomb = b"\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0" + bytes(96) + b"\x80\x57\x03"
    image = bytes(16)
    text = refused(
        joined(manifest_of("2.0.0", image), image, one_block(image, len(bomb).to_bytes(2, "big") + bomb)), before
    )
    assert text == "image: has a block that unpacks to too much", text


def test_a_block_of_a_wrong_length_is_refused():
    before = ready()
    image = image_of("2.0.0")
    for length in (0, 1057, 65535):
        found = refused(
            joined(manifest_of("2.0.0", image), image, one_block(image, length.to_bytes(2, "big") + b"x" * 4003)),
            before,
        )
        assert found == "image: has a block of a wrong length", found


def test_an_image_that_is_not_the_one_of_the_manifest_is_refused_after_it_was_read_back():
    """Proves: OTA-2+"""
    before = ready()
    image = image_of("2.0.0")
    other = image[:-1] + b"?"
    text = refused(joined(manifest_of("2.0.0", image), image, packed(other)), before)
    assert text == "image: must have the sums that its manifest says, and has others in the flash"


def test_an_unsigned_bundle_is_refused_where_a_signature_is_required():
    """Proves: OTA-2+"""
    before = ready()
    text = refused(tiny_bundle.bundle("2.0.0"), before, require_signature=True)
    assert text == "signature: is missing, and require_signature is on"
    text = refused(tiny_bundle.bundle("2.0.0", signature=b"s" * 392), before, require_signature=True)
    assert text.startswith("signature: cannot be checked: this device has no keys;"), text
    text = refused(tiny_bundle.bundle("2.0.0"), before, unsigned=False)
    assert text == "signature: is missing, and nobody said that this bundle is wanted all the same"
    text = refused(tiny_bundle.bundle("2.0.0", signature=b"s" * 392), before, unsigned=False)
    assert text.startswith("signature: cannot be checked: ") and text.endswith(
        ", and nobody said that this bundle is wanted all the same"
    )
    assert refused(tiny_bundle.bundle("2.0.0", signature=b"s" * 2000), before).startswith("signature: must be at most")
    assert not feed(tiny_bundle.bundle("2.0.0", signature=b"s" * 392)).signed


def test_the_way_back_is_not_overwritten_while_a_trial_runs():
    """Proves: OTA-3+"""
    ready()
    feed(tiny_bundle.bundle("2.0.0"))
    before = content("a")
    installer = Installer(Slots(ROOT, "b"), "sigen-bridge", "host")
    view = memoryview(tiny_bundle.bundle("3.0.0"))
    try:
        while view:
            view = view[installer.feed(view) :]
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "bundle: must wait until the running version has proved itself"
    assert content("a") == before


def test_after_a_refusal_nothing_more_is_taken_and_a_new_installation_works():
    ready()
    installer = Installer(Slots(ROOT, "a"), "sigen-bridge", "host")
    for _ in range(3):
        try:
            installer.feed(b"rubbish!")
            raise AssertionError("taken")
        except Refused:
            pass
    try:
        installer.finish()
        raise AssertionError("finished")
    except Refused as e:
        assert str(e) == "bundle: has failed before"
    feed(tiny_bundle.bundle("2.0.0"))
    assert Slots(ROOT, "b").on_trial()


def unmount():
    import vfs

    vfs.umount(ROOT)
