# heap: 8m
# Whose bundles a device takes: its keys, the signature, and who brings the bundle.
import ram_disk
import signing_keys
import tiny_bundle
from signing_keys import put, sign
from slots import bundle, keys
from slots.installer import Installer
from slots.slots import Slots
from slots.version import Refused
from store import record

ROOT = ram_disk.ROOT
DATA = ROOT + "/data/"
ID = keys.name(signing_keys.modulus())
OTHER = keys.name(signing_keys.modulus(1))


def ready(*states):
    """A device with 1.0.0 confirmed in slot a and a key of each state, the first test key first."""
    ram_disk.mount()
    install(tiny_bundle.bundle("1.0.0"), "b")
    Slots(ROOT, "a").confirm()
    for which, state in enumerate(states):
        put(DATA, state, which, which + 1)


def install(raw, running="a", **options):
    installer = Installer(Slots(ROOT, running), "sigen-bridge", "host", **options)
    view = memoryview(raw)
    while view:
        view = view[installer.feed(view) :]
    while not installer.finish():
        pass
    return installer


def refused(raw, running="a", **options):
    """Return the rule by which the signature of a bundle is refused; nothing may have changed then."""
    before = record.load(ROOT + "/slot_state")
    try:
        install(raw, running, **options)
    except Refused as e:
        assert e.field == "signature", e
        assert record.load(ROOT + "/slot_state") == before
        return e.rule
    return ""


def second(manifest):
    return sign(manifest, 1)


def test_a_bundle_that_an_active_key_signed_needs_nobodys_word():
    """Proves: OTA-2+"""
    ready("active")
    found = install(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=True, unsigned=bundle.NOBODY)
    assert found.signed
    assert Slots(ROOT, "b").on_trial()
    assert Slots(ROOT, "b").manifest("b")["version"] == "2.0.0"


def test_what_no_key_of_the_device_signed_is_refused_whoever_brings_it():
    """Proves: OTA-2+"""
    ready("active")
    for unsigned in (bundle.NOBODY, bundle.ASKED, bundle.CABLE):
        options = {"require_signature": True, "unsigned": unsigned}
        assert refused(tiny_bundle.bundle("2.0.0"), **options) == "is missing, and require_signature is on"
        text = refused(tiny_bundle.bundle("2.0.0", signature=second), **options)
        assert text == "is by the key %s, which this device does not know" % OTHER


def test_a_signature_that_is_not_the_manifests_is_refused_even_if_none_is_required():
    """Proves: OTA-2+"""
    ready("active")

    def of_another(manifest):
        return sign(manifest + b" ")

    def swapped(manifest):
        return sign(manifest)[:8] + second(manifest)[8:]

    def damaged(manifest):
        block = sign(manifest)
        return block[:200] + bytes([block[200] ^ 4]) + block[201:]

    def cut(manifest):
        return sign(manifest)[:-1]

    for forged in (of_another, swapped, damaged, cut):
        for required in (True, False):
            text = refused(tiny_bundle.bundle("2.0.0", signature=forged), require_signature=required)
            assert text == "is not that of the key which it names", text


def test_a_retired_key_signs_nothing_any_more():
    """Proves: OTA-2+"""
    ready("retired", "active")
    for required in (True, False):
        text = refused(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=required)
        assert text == "is by the key %s, which is retired" % ID
    assert install(tiny_bundle.bundle("2.0.0", signature=second), require_signature=True).signed


def test_a_release_does_not_believe_the_development_key_and_a_build_of_ones_own_does():
    """Proves: OTA-2+"""
    ready("development", "active")
    assert install(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=True).signed
    Slots(ROOT, "b").confirm()
    install(tiny_bundle.bundle("3.0.0", signature=second, release=True), "b", require_signature=True)
    Slots(ROOT, "a").confirm()
    text = refused(tiny_bundle.bundle("4.0.0", signature=sign), require_signature=True)
    assert text == "is by the development key, which a release does not take"
    text = refused(tiny_bundle.bundle("4.0.0", signature=sign), require_signature=False)
    assert text == "is by the development key, which a release does not take"


def test_a_device_without_keys_says_so_and_is_updated_over_its_cable():
    """Proves: OTA-2+"""
    ready()
    text = refused(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=True, unsigned=bundle.ASKED)
    assert text == (
        "cannot be checked: this device has no keys; update it over USB, or give it some with bridgectl key provision"
    )
    found = install(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=True, unsigned=bundle.CABLE)
    assert not found.signed


def test_a_key_that_cannot_be_read_is_not_the_same_as_none():
    """Proves: OTA-2+"""
    ready("active")
    for place in ("/data/key_1", "/key_1"):
        with open(ROOT + place, "wb") as file:
            file.write(b"rubbish")
    text = refused(tiny_bundle.bundle("2.0.0"), require_signature=True, unsigned=bundle.CABLE)
    assert text == "is missing, and require_signature is on"


def test_a_key_whose_id_is_another_ones_is_no_key():
    """Proves: OTA-2+"""
    ready()
    record.save(DATA + "key_1", {"id": ID, "state": "active", "n": signing_keys.text(1)})
    text = refused(tiny_bundle.bundle("2.0.0", signature=second), require_signature=True)
    assert text == "is by the key %s, which this device does not know" % OTHER
    text = refused(tiny_bundle.bundle("2.0.0", signature=sign), require_signature=True)
    assert text == "is by the key %s, which this device does not know" % ID


def test_another_key_counts_once_the_version_that_brings_it_has_proved_itself():
    """Proves: OTA-2+"""
    ready("active")
    changes = {"add": signing_keys.text(1), "retire": [ID]}
    install(tiny_bundle.bundle("2.0.0", signature=sign, keys=changes), require_signature=True)
    assert keys.states(DATA) == {ID: "active"}
    Slots(ROOT, "b").confirm()
    assert keys.states(DATA) == {ID: "retired", OTHER: "active"}
    text = refused(tiny_bundle.bundle("3.0.0", signature=sign), "b", require_signature=True)
    assert text == "is by the key %s, which is retired" % ID
    assert install(tiny_bundle.bundle("3.0.0", signature=second), "b", require_signature=True).signed


def test_an_unsigned_version_brings_no_keys_to_a_device_that_has_some():
    """Proves: OTA-2+"""
    ready("active")
    install(tiny_bundle.bundle("2.0.0", keys={"add": signing_keys.text(1), "retire": [ID]}))
    Slots(ROOT, "b").confirm()
    assert keys.states(DATA) == {ID: "active"}


def test_a_device_without_keys_takes_those_of_the_first_version_that_proves_itself():
    """So a bridge from before there were keys needs no cable. Proves: OTA-2+"""
    ready()
    install(tiny_bundle.bundle("2.0.0", keys={"add": signing_keys.text(1)}))
    Slots(ROOT, "b").confirm()
    assert keys.states(DATA) == {OTHER: "active"}


def test_a_retired_key_does_not_come_back_and_the_last_one_stays():
    ready("retired", "active")
    keys.adopt(DATA, {"add": signing_keys.text()})
    assert keys.states(DATA) == {ID: "retired", OTHER: "active"}
    keys.adopt(DATA, {"retire": [OTHER]})
    assert keys.states(DATA) == {ID: "retired", OTHER: "active"}


def test_keys_of_a_wrong_form_are_refused_with_the_bundle():
    ready()
    rule = "must be {add: modulus of 3072 bits in base64, retire: up to 4 ids}"
    for changes in (1, [], {"add": "AAAA"}, {"add": 5}, {"add": "?" * 512}, {"retire": "all"}, {"retire": ["x"]}):
        try:
            install(tiny_bundle.bundle("2.0.0", keys=changes))
            raise AssertionError("taken")
        except Refused as e:
            assert (e.field, e.rule) == ("keys", rule)
