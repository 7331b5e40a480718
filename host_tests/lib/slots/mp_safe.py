# heap: 8m
# Safe mode: both slots destroyed in every way, and a bundle that comes in on its page all the same.
import os

import flash
import ram_disk
import signing_keys
import tiny_bundle
from slots.slots import Slots
from slots_rig import HALF, ROOT, boot, choose, install, rom, safe, safe_install, spoil, two_versions
from store import record

DATA = ROOT + "/data/"
fed = []


class Stream:
    """A client that has sent all it has to say."""

    def __init__(self, raw):
        self._raw = raw
        self.said = b""

    def read(self, count):
        found, self._raw = self._raw[:count], self._raw[count:]
        return found

    def readline(self, most):
        end = self._raw.find(b"\n") + 1
        return self.read(min(end or most, most))

    def write(self, raw):
        self.said += raw


def ask(raw, board="host"):
    """Return (was a version installed, first line of the answer, its text)."""
    stream = Stream(raw)
    done = safe.answer(stream, ROOT + "/", "SN1", board, lambda: fed.append(1))
    head, _, text = stream.said.partition(b"\r\n\r\n")
    return done, head.split(b"\r\n")[0].decode(), text.decode()


def post(bundle, more="X-Bridge: 1\r\n"):
    return b"POST /update HTTP/1.1\r\nContent-Length: %d\r\n%s\r\n" % (len(bundle), more.encode()) + bundle


def refused(bundle, **options):
    done, status, text = ask(post(bundle), **options)
    assert (done, status) == (False, "HTTP/1.0 400 Bad Request")
    return text


def broken():
    """Both slots are whole, one on trial, and no start of either was steady."""
    two_versions()
    while choose():
        pass


def test_the_page_says_what_is_and_names_the_board():
    """Proves: OTA-3+"""
    broken()
    done, status, text = ask(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    assert (done, status) == (False, "HTTP/1.0 200 OK")
    assert "SN1: no version of the firmware could be started." in text and "<b>host</b>" in text
    assert ask(b"GET /hotspot-detect.html HTTP/1.1\r\n\r\n")[1] == "HTTP/1.0 302 Found"
    assert (
        ask(b"")[1]
        == ask(b"\r\n" * 50)[1]
        == ask(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 60)[1]
        == ("HTTP/1.0 400 Bad Request")
    )


def test_a_bundle_comes_in_and_starts_on_trial_whatever_became_of_the_slots():
    """Proves: OTA-3+"""
    ways = (
        lambda: None,
        lambda: [os.remove(ROOT + "/%s.slot" % slot) for slot in "ab"],
        lambda: [spoil(ROOT + "/%s.slot" % slot) for slot in "ab"],
        lambda: (
            [spoil(ROOT + name) for name in ("/slot_state", "/data/slot_state", "/slot_boots")]
            + [os.remove(ROOT + "/%s.slot" % slot) for slot in "ab"]
        ),
        lambda: [os.rename(ROOT + "/%s.slot" % slot, ROOT + "/%s.new" % slot) for slot in "ab"],
    )
    for way in ways:
        broken()
        way()
        assert choose() is None
        assert ask(post(tiny_bundle.bundle("3.0.0"))) == (
            True,
            "HTTP/1.0 200 OK",
            "Version 3.0.0 is installed. The bridge starts anew.",
        )
        slot = choose()
        assert Slots(ROOT, slot).manifest(slot)["version"] == "3.0.0"
        assert Slots(ROOT, slot).on_trial()
        Slots(ROOT, slot).confirm()
        assert [choose() for _ in range(5)] == [slot] * 5
        unmount()


def test_in_a_rom_segment_too():
    """Proves: OTA-3+"""
    ram_disk.mount()
    segment = rom()
    holder = boot._Rom(segment)
    install("1.0.0", "b", segment=segment)
    Slots(ROOT, "a", segment).confirm()
    whole_carrier, whole_ask = boot.carrier, safe_install.vfs
    boot.carrier = lambda root: holder
    safe_install.vfs = _Vfs(segment)
    try:
        for _ in range(6):
            choose(holder)
        assert choose(holder) is None
        assert ask(post(tiny_bundle.bundle("3.0.0")))[0]
    finally:
        boot.carrier, safe_install.vfs = whole_carrier, whole_ask
    assert choose(holder) == "b"
    content = tiny_bundle.slot("3.0.0")
    assert Slots(ROOT, "b", segment).carrier().read("b", 4096, 99999)[: len(content) - 4096] == content[4096:]
    assert len(memoryview(segment)) == 2 * HALF and flash.BLOCK == 4096


class _Vfs:
    def __init__(self, segment):
        self._segment = segment

    def rom_ioctl(self, *_):
        return self._segment


def test_settings_identity_and_every_other_record_stay():
    """Proves: OTA-3+, PRV-8+"""
    broken()
    record.save(DATA + "settings", {"mqtt_host": "192.0.2.1"})
    record.save(DATA + "device", {"sn": "SN1", "hotspot_password": "only-for-tests"})
    before = {name: read(name) for name in ("data/settings", "settings", "data/device", "device")}
    assert ask(post(tiny_bundle.bundle("3.0.0")))[0]
    assert {name: read(name) for name in before} == before


def test_what_is_refused_is_told_and_the_slot_that_the_record_names_is_not_touched():
    """Proves: OTA-2+, OTA-3+"""
    broken()
    named = record.load(ROOT + "/slot_state")["slot"]
    before = read(named + ".slot"), read("slot_state")
    good = tiny_bundle.bundle("3.0.0")
    image = tiny_bundle.image_of("3.0.0")
    assert refused(b"no bundle, and long enough") == "bundle: is none, or of another format"
    for count in (0, 10, 100, 500, len(good) // 2, len(good) - 1):
        assert refused(good[:count]) in ("bundle: is cut short", "image: has a damaged block"), count
    assert refused(good, board="esp32").startswith("manifest: must be for sigen-bridge, esp32, .mpy format 6")
    assert refused(good[:40] + b"?" + good[41:]) == "manifest: is damaged"
    other = tiny_bundle.joined(tiny_bundle.manifest_of("3.0.0", image), image, tiny_bundle.packed(image[:-1] + b"?"))
    assert refused(other) == "image: has other sums than its manifest says"
    thin = tiny_bundle.packed(image, tiny_bundle.held_by(image)[:1])
    thin = tiny_bundle.joined(tiny_bundle.manifest_of("3.0.0", image), image, thin)
    assert refused(thin) == "image: lacks a part; safe mode takes whole bundles"
    done, status, text = ask(post(good, ""))
    assert (done, text) == (False, "X-Bridge: must be 1, as the page sends it")
    assert (read(named + ".slot"), read("slot_state")) == before


def test_any_damaged_byte_is_refused():
    """Proves: OTA-2+"""
    broken()
    good = tiny_bundle.bundle("3.0.0")
    for at in list(range(0, 400, 23)) + list(range(400, len(good), 701)):
        assert refused(good[:at] + bytes([good[at] ^ 0x15]) + good[at + 1 :]), at


def test_keys_and_the_floor_hold_in_safe_mode_too():
    """Proves: OTA-2+"""
    broken()
    signing_keys.put(DATA, "active", 0, 1)
    signing_keys.put(DATA, "retired", 1, 2)
    none = "signature: is missing, or of no key that this device believes"
    assert refused(tiny_bundle.bundle("3.0.0")) == none
    assert refused(tiny_bundle.bundle("3.0.0", signature=lambda raw: signing_keys.sign(raw, 1))) == none
    wrong = tiny_bundle.bundle("3.0.0", signature=lambda raw: signing_keys.sign(raw + b" "))
    assert refused(wrong) == "signature: is not that of the key which it names"
    signing_keys.put(DATA, "development", 1, 2)
    assert refused(tiny_bundle.bundle("3.0.0", signature=lambda raw: signing_keys.sign(raw, 1))) == none
    for place in ("/data/key_2", "/key_2"):
        spoil(ROOT + place)
    assert refused(tiny_bundle.bundle("3.0.0")) == none
    assert ask(post(tiny_bundle.bundle("3.0.0", signature=signing_keys.sign)))[0]
    unmount()
    ram_disk.mount()
    install("2.0.0", "b", minimum="2.0.0")
    Slots(ROOT, "a").confirm()
    assert refused(tiny_bundle.bundle("1.9.9")) == "version: is too old, or none"


def test_the_watchdog_is_fed_all_the_while():
    broken()
    del fed[:]
    assert ask(post(tiny_bundle.bundle("3.0.0")))[0]
    assert len(fed) > 20  # about once for each of 11 pieces that come and 14 kB that are read back


def read(name):
    with open(ROOT + "/" + name, "rb") as file:
        return file.read()


def unmount():
    import vfs

    vfs.umount(ROOT)


def test_a_radio_that_fails_leaves_the_console_and_no_loop_of_starts():
    stock = safe._hotspot, safe._server

    def failing(fault):
        def fails(*_):
            raise fault

        return fails

    try:
        for fault in (OSError(12), RuntimeError("out of memory"), ValueError("key"), MemoryError()):
            safe._hotspot, safe._server = failing(fault), lambda: "open"
            assert safe._door("SN1", "only-for-tests") is None
            safe._hotspot, safe._server = lambda *_: True, failing(fault)
            assert safe._door("SN1", "only-for-tests") is None
        safe._hotspot, safe._server = lambda *_: True, lambda: "open"
        assert safe._door("SN1", "only-for-tests") == "open"
        assert safe._door("", "only-for-tests") is None and safe._door("SN1", "") is None  # nobody provisioned it
    finally:
        safe._hotspot, safe._server = stock
