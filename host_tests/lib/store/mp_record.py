# heap: 2m
import os

import ram_disk
from store import record

PATH = ram_disk.ROOT + "/data/settings"


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
    record.save(PATH, {"a": 1, "b": "text"})
    with open(PATH, "rb") as f:
        good = f.read()
    for at in range(len(good)):
        for mask in (1, 0x20, 0x80):
            with open(PATH, "wb") as f:
                f.write(good[:at] + bytes([good[at] ^ mask]) + good[at + 1 :])
            assert record.load(PATH) is None, (at, mask)


def test_a_record_cut_short_or_grown_is_unreadable():
    ram_disk.mount()
    record.save(PATH, {"a": 1, "b": "text"})
    with open(PATH, "rb") as f:
        good = f.read()
    for content in [good[:n] for n in range(len(good))] + [good + b" ", good + b"x" * 9000]:
        with open(PATH, "wb") as f:
            f.write(content)
        assert record.load(PATH) is None


def test_what_is_no_dict_or_no_json_is_unreadable_even_with_a_right_checksum():
    from binascii import crc32

    ram_disk.mount()
    record.save(PATH, {"a": 1})
    for body in (b"[1]", b"5", b"null", b"{", b"", b"\xff\xfe", b'{"a":1} x'):
        with open(PATH, "wb") as f:
            f.write(b"record1 %08x\n" % crc32(body) + body)
        assert record.load(PATH) is None, body


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
