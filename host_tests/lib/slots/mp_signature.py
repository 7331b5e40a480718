# heap: 2m
# Signatures: those of others, and every forgery that has ever worked somewhere.
from binascii import unhexlify
from hashlib import sha256

from signing_keys import block, modulus, raw, verified

_PREFIX = unhexlify("3031300d060960864801650304020105000420")
_DIGEST = sha256(b"manifest").digest()


def _rows():
    """Yield (hash, e, modulus, message, signature, result) of the reference."""
    n = b""
    with open("host_tests/rigs/reference/rsa_3072_sigver15.txt") as file:
        for line in file:
            if line.startswith("n "):
                n = unhexlify(line[2:].strip())
            elif not line.startswith("#"):
                name, e, message, signed, result = line.split(" ", 4)
                yield name, int(e), n, unhexlify(message), unhexlify(signed), result


def test_the_vectors_of_nist_come_out_as_they_say():
    """With our hash and exponent as it says there, with any other nothing is good; e is not read from anywhere, so the one
    that was made with 65537 and says 17 is good.

    Proves: OTA-2+
    """
    good, bad = [], 0
    for name, e, n, message, signed, result in _rows():
        if verified(n, sha256(message).digest(), signed):
            good.append((name, e, result.strip()))
        else:
            bad += 1
    assert good == [("SHA256", 65537, "P"), ("SHA256", 17, "F (2 - Public Key e changed )")]
    assert bad == 20


def test_a_right_signature_is_good_and_any_changed_bit_of_it_is_not():
    """Proves: OTA-2+"""
    signed = raw(block(_DIGEST))
    assert verified(modulus(), _DIGEST, signed)
    for at in range(0, 384, 37):
        assert not verified(modulus(), _DIGEST, signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])
    assert not verified(modulus(), sha256(b"manifesT").digest(), signed)
    assert not verified(modulus(1), _DIGEST, signed)


def test_every_other_form_of_the_block_is_refused():
    """Proves: OTA-2+"""
    d = _DIGEST
    info = _PREFIX + d
    forms = {
        "one byte of padding is not FF": b"\x00\x01" + b"\xff" * 100 + b"\xfe" + b"\xff" * 229 + b"\x00" + info,
        "padding of zeros": b"\x00\x01" + b"\x00" * 331 + info,
        "block type 2": b"\x00\x02" + b"\xff" * 330 + b"\x00" + info,
        "block type 0": b"\x00\x00" + b"\xff" * 330 + b"\x00" + info,
        "first byte not zero": b"\x01\x01" + b"\xff" * 330 + b"\x00" + info,
        "no zero behind the padding": b"\x00\x01" + b"\xff" * 331 + info,
        "short padding, garbage behind the hash": b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\xa5" * 322,
        "no padding, garbage behind the hash": b"\x00\x01\x00" + info + b"\xa5" * 330,
        "one byte of garbage behind the hash": b"\x00\x01" + b"\xff" * 329 + b"\x00" + info + b"\x00",
        "hash moved to the left": b"\x00\x01" + b"\xff" * 300 + b"\x00" + info + b"\xfe" * 30,
        "no NULL": b"\x00\x01" + b"\xff" * 332 + b"\x00" + unhexlify("302f300b0609608648016503040201") + b"\x04\x20" + d,
        "long form of a length": b"\x00\x01" + b"\xff" * 329 + b"\x00" + b"\x30\x81" + _PREFIX[1:] + d,
        "garbage in the parameters": b"\x00\x01" + b"\xff" * 318 + b"\x00"
        + unhexlify("303b3017060960864801650304020105000a0a") + bytes(10) + b"\x04\x20" + d,
        "SHA-1 with our digest": b"\x00\x01" + b"\xff" * 334 + b"\x00" + unhexlify("302d300906052b0e03021a05000420") + d,
        "SHA-512 named": b"\x00\x01" + b"\xff" * 330 + b"\x00" + _PREFIX[:14] + b"\x03" + _PREFIX[15:] + d,
        "no hash named": b"\x00\x01" + b"\xff" * 349 + b"\x00" + d,
        "the digest cut short": b"\x00\x01" + b"\xff" * 331 + b"\x00" + _PREFIX + d[:31],
        "nothing but zeros": bytes(384),
    }  # fmt: skip
    for name, form in forms.items():
        assert len(form) == 384 or name == "no NULL", (name, len(form))
        form = form[:384]
        assert form != block(d)
        assert not verified(modulus(), d, raw(form)), name


def test_numbers_that_are_no_signatures_are_refused():
    """Proves: OTA-2+"""
    n = int.from_bytes(modulus(), "big")
    for s in (0, 1, n - 1, n, n + 1, (1 << 3072) - 1, 2):
        assert not verified(modulus(), _DIGEST, s.to_bytes(384, "big")), s
    s = int.from_bytes(raw(block(_DIGEST)), "big")
    if s + n < 1 << 3072:
        assert not verified(modulus(), _DIGEST, (s + n).to_bytes(384, "big"))


def test_a_cube_root_fools_nobody():
    """What worked against e = 3 (2006): a number whose cube begins as a right block does. Proves: OTA-2+"""
    wanted = int.from_bytes(b"\x00\x01" + b"\xff" * 8 + b"\x00" + _PREFIX + _DIGEST + b"\xff" * 322, "big")
    low, high = 0, 1 << 1025
    while low < high:
        middle = (low + high + 1) >> 1
        low, high = (middle, high) if middle * middle * middle <= wanted else (low, middle - 1)
    begins = (low * low * low).to_bytes(384, "big")
    assert begins[:11] == b"\x00\x01" + b"\xff" * 8 + b"\x00"
    assert not verified(modulus(), _DIGEST, low.to_bytes(384, "big"))


def test_keys_and_signatures_of_another_length_are_refused():
    """Proves: OTA-2+"""
    signed = raw(block(_DIGEST))
    assert not verified(modulus()[1:], _DIGEST, signed)
    assert not verified(modulus()[128:], _DIGEST, signed[128:])  # 2048 bits
    assert not verified(b"\x00" + modulus(), _DIGEST, b"\x00" + signed)
    assert not verified(modulus(), _DIGEST, signed[:-1])
    assert not verified(modulus(), _DIGEST, b"\x00" + signed)
    assert not verified(modulus(), _DIGEST, b"")
    assert not verified(bytes(128) + modulus()[128:], _DIGEST, signed)  # a short key behind zeros
    assert not verified(modulus()[:-1] + b"\x00", _DIGEST, signed)


def test_others_run_between_the_multiplications():
    import signing_keys
    from slots import signature

    assert len(list(signature.verified(signing_keys.modulus(), _DIGEST, raw(block(_DIGEST))))) == 16
