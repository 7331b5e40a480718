# heap: 8m
# Only what changed travels: blocks, thin bundles, and what a sender may pass over.
import ram_disk
import tiny_bundle
from slots import blocks
from slots.installer import Installer
from slots.slots import Slots
from slots.version import Refused
from slots_rig import rom
from store import record
from tiny_bundle import held_by, joined, manifest_of, packed

ROOT = ram_disk.ROOT
# Two versions that differ in one file of five.
OLD = {
    "main.mpy": b"main" * 100,
    "bridge/app.mpy": bytes(range(256)) * 20,
    "bridge/tasks/leds.mpy": b"leds",
    "bridge/tasks/buses.mpy": b"old bus " * 700,
    "web/status.html.gz": b"page" * 300,
}
NEW = {path: b"new bus " * 710 if path.endswith("buses.mpy") else content for path, content in OLD.items()}


def install(raw, running="a", piece=300, segment=None, **options):
    """Feed a bundle as a sender does that passes over what is not wanted; return the bytes that it fed."""
    installer = Installer(Slots(ROOT, running, segment), "sigen-bridge", "host", **options)
    fed = 0
    while True:
        while installer.busy():
            installer.feed(b"")
        at, run = installer.wanted()
        if at >= len(raw):
            break
        count = installer.feed(raw[at : at + piece])
        fed += count
        if not options.get("sparse"):
            assert installer.wanted()[0] == at + count or installer.busy()
    while not installer.finish():
        pass
    return fed


def ready(segment=None):
    """A device with the old version confirmed in slot a."""
    ram_disk.mount()
    image = tiny_bundle.image_with(OLD)
    install(joined(manifest_of("1.0.0", image), image), "b", segment=segment)
    Slots(ROOT, "a", segment).confirm()


def image_in(slot, segment=None):
    slots = Slots(ROOT, slot, segment)
    return slots.carrier().read(slot, 4096, slots.manifest(slot)["size"])


def new_bundle(held=()):
    image = tiny_bundle.image_with(NEW)
    return joined(manifest_of("2.0.0", image), image, packed(image, held))


def test_a_file_that_did_not_change_is_the_same_block_wherever_it_lies():
    """Proves: OTA-5+"""
    old, new = held_by(tiny_bundle.image_with(OLD)), held_by(tiny_bundle.image_with(NEW))
    # the head of the image, the heads of three folders, five files
    assert len(old) == len(new) == 9
    # what differs: the file, and the lengths of what it lies in
    assert len([block for block in new if block not in old]) == 4


def test_a_thin_bundle_holds_what_changed_and_makes_the_whole_image():
    """Proves: OTA-5+"""
    for segment in (None, rom()):
        ready(segment)
        thin = new_bundle(held_by(tiny_bundle.image_with(OLD)))
        assert len(thin) < len(new_bundle()) - 6000
        install(thin, segment=segment)
        assert image_in("b", segment) == tiny_bundle.image_with(NEW)
        assert Slots(ROOT, "b", segment).on_trial()
        unmount()


def test_a_sender_that_may_pass_over_things_sends_what_changed_of_a_whole_bundle():
    """Proves: OTA-5+"""
    ready()
    whole, thin = new_bundle(), new_bundle(held_by(tiny_bundle.image_with(OLD)))
    assert install(whole, sparse=True) == len(thin)
    assert image_in("b") == tiny_bundle.image_with(NEW)
    unmount()
    ready()
    assert install(whole) == len(whole)
    assert image_in("b") == tiny_bundle.image_with(NEW)


def test_it_is_known_in_advance_how_much_is_wanted_in_one_piece():
    ready()
    raw = new_bundle()
    installer = Installer(Slots(ROOT, "a"), "sigen-bridge", "host", sparse=True)
    asked, got = [], 0
    while got < len(raw):
        while installer.busy():
            installer.feed(b"")
        at, run = installer.wanted()
        if run and (not asked or asked[-1][1] <= at):
            asked.append((at, at + run))
        got = at + installer.feed(raw[at : at + 100]) if at < len(raw) else at
    wanted = sum([end - start for start, end in asked])
    assert 0 < wanted < 6000 and len(asked) <= 4, asked


def test_a_thin_bundle_for_another_version_is_refused_before_anything_is_erased():
    """Proves: OTA-2+, OTA-5+"""
    ready()
    slots = Slots(ROOT, "a")
    other = tiny_bundle.image_with({"main.mpy": b"other", "bridge/app.mpy": b"x" * 900})
    install(joined(manifest_of("1.5.0", other), other))
    slots.commit("a")
    slots.confirm()
    before = image_in("b")
    try:
        install(new_bundle(held_by(tiny_bundle.image_with(NEW))))
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "image: lacks a part that the running version does not have; take the whole bundle"
    assert image_in("b") == before


def test_a_block_that_only_looks_like_one_of_ours_is_found_out_when_all_is_read_back():
    """The hashes in the table are no part of what is signed. Proves: OTA-2+"""
    ram_disk.mount()
    old = tiny_bundle.image_with({"a.mpy": b"a" * 50, "b.mpy": b"b" * 50})
    install(joined(manifest_of("1.0.0", old), old), "b")
    Slots(ROOT, "a").confirm()
    image = tiny_bundle.image_with({"a.mpy": b"a" * 50, "b.mpy": b"b" * 50, "c.mpy": b""})
    _, one, other = held_by(old)
    raw = packed(image, (one, other))
    count = int.from_bytes(raw[:2], "big")
    table = raw[2 : 2 + 14 * count].replace(one, other)
    forged = tiny_bundle.tabled(table) + raw[2 + 14 * count + 4 :]
    before = record.load(ROOT + "/slot_state")
    try:
        install(joined(manifest_of("2.0.0", image), image, forged))
        raise AssertionError("taken")
    except Refused as e:
        assert str(e) == "image: must have the sums that its manifest says, and has others in the flash"
    assert record.load(ROOT + "/slot_state") == before
    assert Slots(ROOT, "a").manifest("b") is None


def test_tables_that_are_none_are_refused():
    """Proves: OTA-2+"""
    ready()
    image = tiny_bundle.image_with(NEW)
    good = packed(image)
    row = bytes(8) + len(image).to_bytes(3, "big") + b"\x00\x00\x10"
    for raw, rule in (
        (b"\x00\x00" + good[2:], "must have 1 to 512 blocks, not 0"),
        (b"\x02\x01" + good[2:], "must have 1 to 512 blocks, not 513"),
        (good[:9] + b"?" + good[10:], "has a table that is damaged"),
        (tiny_bundle.tabled(row * 2), "has blocks that do not make the image"),
        (tiny_bundle.tabled(bytes(8) + b"\x00\x00\x05\x00\x00\x10"), "has blocks that do not make the image"),
        (tiny_bundle.tabled(bytes(8) + bytes(3) + b"\x00\x00\x10"), "has a block of a wrong length"),
        (tiny_bundle.tabled(row[:11] + b"\x80\x00\x10"), "has a block of a wrong length"),
        (tiny_bundle.tabled(row) + b"\x00\x0e" + bytes(14), "has a block that is damaged or unpacks to too little"),
        (tiny_bundle.tabled(row) + b"\x00\x0f" + bytes(15), "has a block of a wrong length"),
    ):
        try:
            install(joined(manifest_of("2.0.0", image), image, raw))
            raise AssertionError("taken")
        except Refused as e:
            assert str(e) == "image: " + rule, e


def test_an_image_that_is_no_romfs_or_has_a_module_of_another_format_is_refused():
    """Proves: OTA-2+"""
    ready()
    other = tiny_bundle.image_with({"main.mpy": b"M\x05\x00\x1f", "x.txt": b"M\x05"})
    mine = tiny_bundle.image_with({"main.mpy": b"M\x06\x00\x1f", "x.txt": b"M\x05", "y.mpy": b""})
    cut = mine[:4] + bytes([mine[4] + 1]) + mine[5:]  # a folder that is longer than the image
    for image, text in (
        (b"no file system at all", "image: must be a ROMFS, and is none"),
        (b"\xd2\xcd\x31\x83", "image: must be a ROMFS, and is none"),
        (b"\xd2\xcd\x31" + b"\xff" * 90, "image: must be a ROMFS, and is none"),
        (cut, "image: must be a ROMFS, and is none"),
        (other, "mpy: must be 6 in each module, and one has 5"),
    ):
        try:
            install(joined(manifest_of("2.0.0", image), image))
            raise AssertionError("taken")
        except Refused as e:
            assert str(e) == text, e
        assert Slots(ROOT, "a").manifest("b") is None
    install(joined(manifest_of("2.0.0", mine), mine))


def test_blocks_cover_an_image_without_gaps_and_a_row_says_what_was_put_in():
    image = tiny_bundle.image_with(NEW)
    cuts = tiny_bundle.cuts_of(image)
    assert cuts[0] == 0 and cuts == sorted(set(cuts)) and cuts[-1] < len(image)
    table = bytearray(blocks.row_of(b"12345678more", 70000, 100) + blocks.row_of(b"abcdefghmore", 5, 0))
    assert [blocks.lengths(table, n) for n in range(2)] == [(70000, 100), (5, 0)]
    assert [blocks.held(table, n) for n in range(2)] == [-1, -1]
    blocks.hold(table, b"abcdefghmore", 6, 99)  # another length: another block
    assert blocks.held(table, 1) == -1
    blocks.hold(table, b"abcdefghmore", 5, 99)
    assert [blocks.held(table, n) for n in range(2)] == [-1, 99]
    assert blocks.lengths(table, 1) == (5, 0)


def unmount():
    import vfs

    vfs.umount(ROOT)
