# heap: 2m
import os

import ram_disk
from store import record

PATH = ram_disk.ROOT + "/data/settings"
COPY = ram_disk.ROOT + "/settings"
ALONE = ram_disk.ROOT + "/one/settings"  # has no second copy


def test_what_was_saved_is_loaded():
    ram_disk.mount()
    value = {"name": "Häuschen", "on": True, "none": None, "deep": {"list": [1, -2, 3.5]}}
    assert record.save(PATH, value) is True
    assert record.load(PATH) == value


def test_a_missing_record_is_none():
    ram_disk.mount()
    assert record.load(PATH) is None


def test_saving_the_same_again_writes_nothing():
    """Proves: OTA-4+"""
    device = ram_disk.mount()
    record.save(PATH, {"a": 1, "limits": (1, 2), "x": 0.1})
    before = device.operations
    assert record.save(PATH, {"x": 0.1, "limits": (1, 2), "a": 1}) is False
    assert device.operations == before
    assert record.save(PATH, {"a": 2}) is True


def test_any_changed_byte_makes_a_record_unreadable():
    """Proves: OTA-4+"""
    ram_disk.mount()
    record.save(ALONE, {"a": 1, "b": "text"})
    with open(ALONE, "rb") as f:
        good = f.read()
    for at in range(len(good)):
        for mask in (1, 0x20, 0x80):
            with open(ALONE, "wb") as f:
                f.write(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
            assert record.load(ALONE) is None, (at, mask)


def test_a_record_cut_short_or_grown_is_unreadable():
    ram_disk.mount()
    record.save(ALONE, {"a": 1, "b": "text"})
    with open(ALONE, "rb") as f:
        good = f.read()
    for content in [good[:n] for n in range(len(good))] + [good + b" ", good + b"x" * 9000]:
        with open(ALONE, "wb") as f:
            f.write(content)
        assert record.load(ALONE) is None


def test_what_is_no_dict_or_no_json_is_unreadable_even_with_a_right_checksum():
    from binascii import crc32

    ram_disk.mount()
    record.save(ALONE, {"a": 1})
    for body in (b"[1]", b"5", b"null", b"{", b"", b"\xff\xfe", b'{"a":1} x'):
        with open(ALONE, "wb") as f:
            f.write(b"record1 %08x\n" % crc32(body) + body)
        assert record.load(ALONE) is None, body


def test_a_full_flash_raises_and_keeps_the_old_record():
    """Proves: REL-1+"""
    ram_disk.mount(16)
    record.save(PATH, {"text": "old"})
    fill()
    try:
        record.save(PATH, {"text": "n" * 5000})
        raise AssertionError("the flash was not full")
    except OSError as e:
        assert e.errno == 28
    assert record.load(PATH) == {"text": "old"}
    assert "settings.new" not in os.listdir(ram_disk.ROOT + "/data")


def fill():
    number = 0
    try:
        while True:
            with open("%s/fill%d" % (ram_disk.ROOT, number), "wb") as f:
                f.write(b"x" * 4096)
            number += 1
    except OSError:
        pass


def test_a_record_that_is_too_long_is_a_bug_of_ours_and_keeps_the_old_one():
    ram_disk.mount()
    record.save(PATH, {"text": "old"})
    try:
        record.save(PATH, {"text": "n" * 9000})
        raise AssertionError("saved")
    except ValueError:
        pass
    assert record.load(PATH) == {"text": "old"}


def test_a_torn_leftover_is_never_read_and_is_written_over():
    ram_disk.mount()
    record.save(PATH, {"a": 1})
    with open(PATH + ".new", "wb") as f:
        f.write(b"record1 0000")
    assert record.load(PATH) == {"a": 1}
    record.save(PATH, {"a": 2})
    assert record.load(PATH) == {"a": 2}


def _spoil(path, at=20):
    with open(path, "r+b") as f:
        f.seek(at)
        octet = f.read(1)[0]
        f.seek(at)
        f.write(bytes([octet ^ 1]))


def test_one_damaged_copy_changes_nothing_and_is_made_anew():
    """Proves: OTA-4+"""
    for path, other in ((PATH, COPY), (COPY, PATH)):
        ram_disk.mount()
        record.save(PATH, {"role": "listen"})
        for spoil in (_spoil, os.remove):
            spoil(path)
            assert record.load(PATH) == {"role": "listen"}
            assert not record.damaged(PATH)
            spoil(other)  # the first one is whole again
            assert record.load(PATH) == {"role": "listen"}
        import vfs

        vfs.umount(ram_disk.ROOT)


def test_damaged_in_both_copies_is_not_the_same_as_missing():
    """Proves: OTA-4+"""
    ram_disk.mount()
    assert (record.load(PATH), record.damaged(PATH)) == (None, False)
    record.save(PATH, {"role": "listen"})
    assert not record.damaged(PATH)
    _spoil(PATH)
    _spoil(COPY)
    assert (record.load(PATH), record.damaged(PATH)) == (None, True)
    os.remove(PATH)
    assert record.damaged(PATH)
    record.save(PATH, {"role": "master"})
    assert (record.load(PATH), record.damaged(PATH)) == ({"role": "master"}, False)
    _spoil(PATH)
    _spoil(COPY)
    record.remove(PATH)
    assert (record.load(PATH), record.damaged(PATH)) == (None, False)
    assert not record.damaged(ram_disk.ROOT + "/nowhere/x")


def test_the_later_save_counts_whichever_copy_holds_it():
    """A damaged block of the file system may bring back an older copy that is whole. Proves: OTA-4+"""
    for old in (PATH, COPY):
        ram_disk.mount()
        record.save(PATH, {"n": 1})
        with open(old, "rb") as f:
            before = f.read()
        record.save(PATH, {"n": 2})
        with open(old, "wb") as f:
            f.write(before)
        assert record.load(PATH) == {"n": 2}
        with open(old, "rb") as f:
            assert f.read() != before
        import vfs

        vfs.umount(ram_disk.ROOT)


def test_between_the_two_writes_of_a_save_the_other_copy_is_the_one_before():
    """Proves: OTA-4+"""
    ram_disk.mount()
    record.save(PATH, {"n": 1})
    os.mkdir(COPY + ".new")  # so that the second copy cannot be written
    os.mkdir(COPY + ".new/x")
    assert record.save(PATH, {"n": 2}) is True
    assert record.load(PATH) == {"n": 2}
    _spoil(PATH)
    assert record.load(PATH) == {"n": 1}


def test_a_record_of_an_earlier_version_is_read_and_gets_its_second_copy():
    ram_disk.mount()
    record.save(ALONE, {"plant_unit": 3})
    os.mkdir(ram_disk.ROOT + "/data")
    os.rename(ALONE, PATH)
    assert record.load(PATH) == {"plant_unit": 3}
    _spoil(PATH)
    assert record.load(PATH) == {"plant_unit": 3}


def test_a_record_elsewhere_has_no_second_copy_and_says_what_it_was_given():
    ram_disk.mount()
    for path in (ALONE, ram_disk.ROOT + "/mydata/settings", ram_disk.ROOT + "/boots"):
        record.save(path, {"serial": 7})
        assert record.load(path) == {"serial": 7}
    assert sorted(os.listdir(ram_disk.ROOT)) == ["boots", "mydata", "one"]


def test_a_single_bad_read_is_no_damage():
    import vfs

    device = ram_disk.mount()
    record.save(PATH, {"n": 1})
    stock, left, failed = device.readblocks, [], []

    def bad(block, buffer, offset=0):
        left[0] -= 1
        if left[0] == 0:
            failed.append(block)
            raise OSError(5)
        stock(block, buffer, offset)

    device.readblocks = bad
    for n in range(1, 12):
        left[:] = [1000]
        vfs.umount(ram_disk.ROOT)
        vfs.mount(vfs.VfsLfs2(device), ram_disk.ROOT)  # nothing is kept in memory
        left[:] = [n]
        assert record.load(PATH) == {"n": 1}, n
    assert len(failed) > 5, failed
    device.readblocks = stock
