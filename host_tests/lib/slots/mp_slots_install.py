# heap: 2m
# What a bundle may be: every refusal names its field and its rule, and nothing that runs changes.
import os

import ram_disk
import tiny_bundle
from slots.bundle import Refused
from slots.installer import Installer
from slots.slots import Slots
from store import record
from tiny_bundle import contents_of, joined, manifest_of

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


def tree(folder):
    found = {}
    for row in os.ilistdir(folder):
        path = folder + "/" + row[0]
        found.update(tree(path) if row[1] & 0x4000 else {path: tiny_bundle.digest_of(path)})
    return found


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
    return tree(ROOT + "/a"), record.load(ROOT + "/slot_state")


def refused(raw, before, **options):
    """Return the text with which a bundle is refused; nothing that runs or could start may have changed."""
    try:
        feed(raw, **options)
        text = ""
    except Refused as e:
        text = str(e)
        assert text == e.field + ": " + e.rule
    assert before == (tree(ROOT + "/a"), record.load(ROOT + "/slot_state"))
    assert Slots(ROOT, "a").manifest("b") is None
    return text


def test_a_good_bundle_is_installed_and_starts_on_trial():
    """Proves: OTA-3+"""
    ready()
    installer = feed(tiny_bundle.bundle("2.0.0"))
    assert (installer.version, installer.signed, installer.percent()) == ("2.0.0", False, 100)
    slots = Slots(ROOT, "b")
    assert slots.on_trial()
    for path, _, _, digest in slots.manifest("b")["files"]:
        assert tiny_bundle.digest_of(ROOT + "/b/" + path) == digest
    assert len(tree(ROOT + "/b")) == len(tiny_bundle.FILES) + 1


def test_pieces_of_any_size_make_the_same_installation():
    for piece in (1, 2, 7, 1000, 100000):
        ready()
        feed(tiny_bundle.bundle("2.0.0"), piece)
        assert Slots(ROOT, "b").on_trial()
        unmount()


def test_an_older_version_in_the_way_is_removed_with_all_its_folders():
    ready()
    feed(tiny_bundle.bundle("2.0.0", files=(("old/deep/er/x.mpy", 10), ("y.mpy", 9000))))
    Slots(ROOT, "a").commit("a")
    Slots(ROOT, "a").confirm()
    feed(tiny_bundle.bundle("3.0.0"))
    assert len(tree(ROOT + "/b")) == len(tiny_bundle.FILES) + 1


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
        ("files", [], "files: must be a list of 1 to 96 files"),
        ("files", {}, "files: must be a list of 1 to 96 files"),
        ("files", [5], "files: each must be [path, size, bytes in the bundle, SHA-256]"),
    ):
        manifest = manifest_of("2.0.0")
        manifest[field] = value
        assert refused(joined(manifest, contents_of("2.0.0")), before) == text


def test_a_version_below_the_floor_is_too_old():
    """Proves: OTA-2+"""
    ready()
    feed(tiny_bundle.bundle("2.0.0", minimum="1.5.0"))
    Slots(ROOT, "b").confirm()
    Slots(ROOT, "b").commit("a")
    Slots(ROOT, "a").confirm()
    os.remove(ROOT + "/b/manifest.json")
    before = tree(ROOT + "/a"), record.load(ROOT + "/slot_state")
    text = refused(tiny_bundle.bundle("1.4.9"), before)
    assert text == "version: 1.4.9 is too old, this device takes 1.5.0 or later"
    feed(tiny_bundle.bundle("1.5.0-rc1"))
    assert Slots(ROOT, "b").on_trial()


def test_path_tricks_are_refused():
    """Proves: OTA-2+"""
    before = ready()
    for path, text in (
        ("/boot.py", "path /boot.py: must be relative, with no part empty or beginning with a dot"),
        ("../boot.py", "path ../boot.py: must be relative, with no part empty or beginning with a dot"),
        ("a/../../boot.py", "path a/../../boot.py: must be relative, with no part empty or beginning with a dot"),
        ("a//b", "path a//b: must be relative, with no part empty or beginning with a dot"),
        ("a/", "path a/: must be relative, with no part empty or beginning with a dot"),
        (".hidden", "path .hidden: must be relative, with no part empty or beginning with a dot"),
        ("a/b/c/d/e", "path a/b/c/d/e: must have at most 4 parts"),
        ("a\\b", "path a?b: may hold only letters, digits and _ - . /"),
        ("ä", "path ?: may hold only letters, digits and _ - . /"),
        ("a\x00b", "path a?b: may hold only letters, digits and _ - . /"),
        ("", "path: must be a text of 1 to 64 characters"),
        ("x" * 65, "path: must be a text of 1 to 64 characters"),
        ("manifest.json", "path manifest.json: is the slot's own"),
        ("manifest.json.new", "path manifest.json.new: is the slot's own"),
        ("main.mpy", "main.mpy: must be named once"),
        ("bridge", "bridge: must not be a file and a folder"),
        ("main.mpy/x", "main.mpy: must not be a file and a folder"),
    ):
        manifest = manifest_of("2.0.0")
        manifest["files"].append([path] + manifest_of("2.0.0", (("x", 1),))["files"][0][1:])
        found = refused(joined(manifest, contents_of("2.0.0")), before)
        assert found == text, found


def test_too_many_or_too_large_files_are_refused_before_anything_is_written():
    """Proves: OTA-2+"""
    before = ready()
    many = tuple([("f%d" % i, 1) for i in range(97)])
    assert refused(tiny_bundle.bundle("2.0.0", files=many), before) == "files: must be a list of 1 to 96 files"
    row = manifest_of("2.0.0", (("big", 8),))["files"][0]
    for size, packed, text in (
        (1 << 21, 8, "big: size must be 0 to 1048576 bytes"),
        (-1, 8, "big: size must be 0 to 1048576 bytes"),
        (True, 8, "big: size must be 0 to 1048576 bytes"),
        (1.5, 8, "big: size must be 0 to 1048576 bytes"),
        (8, 1 << 30, "big: bytes in the bundle must fit the size"),
        (8, 0, "big: bytes in the bundle must fit the size"),
        (0, 8, "big: bytes in the bundle must fit the size"),
        (1 << 20, 3 * 256, None),
    ):
        manifest = manifest_of("2.0.0")
        manifest["files"] = [["big", size, packed, row[3]]]
        found = refused(joined(manifest, b""), before)
        if text is None:
            assert found.startswith("files: are too large: ") and found.endswith(" free"), found
        else:
            assert found == text, found
    assert refused(joined(b"[" * 30000, b""), before) == "manifest: must be 2 to 12288 bytes, not 30000"
    assert refused(joined(b"[" * 9000, b""), before) == "manifest: must be a JSON object"
    assert refused(joined(b"{}{}", b""), before) == "manifest: must be a JSON object"


def test_a_bundle_cut_short_anywhere_or_with_more_behind_it_is_refused():
    """Proves: OTA-2+"""
    before = ready()
    good = tiny_bundle.bundle("2.0.0")
    for n in [0, 1, 7, 8, 11, 12, 43, 44, 200] + list(range(1100, len(good), 997)) + [len(good) - 1]:
        assert refused(good[:n], before) == "bundle: is cut short", n
    assert refused(good + b"x", before) == "bundle: must end after its last file"


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
    manifest = manifest_of("2.0.0", (("z", 16),))
    manifest["files"][0][2] = 2 + len(bomb)
    text = refused(joined(manifest, len(bomb).to_bytes(2, "big") + bomb), before)
    assert text == "z: has a block that unpacks to too much", text


def test_a_block_of_a_wrong_length_is_refused():
    before = ready()
    for length in (0, 4129, 65535):
        manifest = manifest_of("2.0.0", (("z", 4000),))
        found = refused(joined(manifest, length.to_bytes(2, "big") + b"x" * 4003), before)
        assert found == "z: has a block of a wrong length", found


def test_an_unsigned_bundle_is_refused_where_a_signature_is_required():
    """Proves: OTA-2+"""
    before = ready()
    text = refused(tiny_bundle.bundle("2.0.0"), before, require_signature=True)
    assert text == "signature: is missing, and require_signature is on"
    text = refused(tiny_bundle.bundle("2.0.0", signature=b"s" * 384), before, require_signature=True)
    assert text == "signature: cannot be checked by this version"
    assert refused(tiny_bundle.bundle("2.0.0", signature=b"s" * 2000), before).startswith("signature: must be at most")
    assert feed(tiny_bundle.bundle("2.0.0", signature=b"s" * 384)).signed


def test_the_way_back_is_not_overwritten_while_a_trial_runs():
    """Proves: OTA-3+"""
    ready()
    feed(tiny_bundle.bundle("2.0.0"))
    before = tree(ROOT + "/a")
    installer = Installer(Slots(ROOT, "b"), "sigen-bridge", "host")
    view = memoryview(tiny_bundle.bundle("3.0.0"))
    try:
        while view:
            view = view[installer.feed(view) :]
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "bundle: must wait until the running version has proved itself"
    assert tree(ROOT + "/a") == before


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
