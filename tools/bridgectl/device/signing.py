"""The keys that sign bundles: made on this PC, the private half in the user's folder and nowhere else.

A key NAME is two files: NAME.pem, the private key, encrypted with a passphrase, and NAME.json, what a device holds of it
(lib/slots/keys.py). The one called `development` is made when it is first needed and has no passphrase: it signs what is
built here for boards of one's own, and no release believes it. PyPI's cryptography makes the numbers; who does not sign
does not need it.
"""

import base64
import getpass
import json
import os
from pathlib import Path

import typer

from bridgectl import firmware

firmware.load()

from slots import keys as rules  # noqa: E402 (importable only now)
from slots import signature  # noqa: E402

DEVELOPMENT = "development"
_EXPONENT = 65537
_SHORTEST = 12  # characters of a passphrase


class SigningError(Exception):
    """A key cannot be made, read or used; the text says why. It never holds a passphrase."""


def folder():
    """Return the folder of the keys: BRIDGE_KEYS of the environment, else bridgectl's own in the user's configuration."""
    return Path(os.environ.get("BRIDGE_KEYS") or Path(typer.get_app_dir("bridgectl")) / "keys")


def new(name, passphrase):
    """Make a key and return what a device holds of it. passphrase: None = not encrypted, for the development key only.

    Raises SigningError.
    """
    _, rsa, serialization = _cryptography()
    pem, public = folder() / f"{name}.pem", folder() / f"{name}.json"
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise SigningError(f"{name}: a key's name is letters, digits, - and _")
    if pem.exists() or public.exists():
        raise SigningError(f"{pem} is there already: what it signed would be worth nothing; take another name")
    if (passphrase is None) != (name == DEVELOPMENT):
        raise SigningError(f"only the key {DEVELOPMENT} has no passphrase, and it never has one")
    if passphrase is not None and len(passphrase) < _SHORTEST:
        raise SigningError(f"a passphrase has {_SHORTEST} characters at least")
    key = rsa.generate_private_key(_EXPONENT, signature.KEY_BYTES * 8)
    hidden = (
        serialization.NoEncryption()
        if passphrase is None
        else serialization.BestAvailableEncryption(passphrase.encode())
    )
    pem.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(os.open(pem, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden))
    held = _held(key.public_key().public_numbers().n, "development" if name == DEVELOPMENT else "active")
    public.write_text(json.dumps(held) + "\n")
    return held


def _held(n, state):
    modulus = n.to_bytes(signature.KEY_BYTES, "big")
    return {"id": rules.name(modulus), "state": state, "n": base64.b64encode(modulus).decode()}


def held(name):
    """Return what a device holds of a key, {"id", "state", "n"}; the development key is made if need be."""
    public = folder() / f"{name}.json"
    if name == DEVELOPMENT and not public.exists():
        return new(name, None)
    try:
        return json.loads(public.read_text())
    except (OSError, ValueError) as problem:
        raise SigningError(
            f"there is no key {name} in {folder()}; make one with `bridgectl key new {name}`"
        ) from problem


def modulus(key):
    """Return the modulus (bytes) of what a device holds of a key."""
    return rules.modulus(key["n"])


def names():
    """Return the names of the keys that are there, sorted."""
    return sorted(path.stem for path in folder().glob("*.json"))


def signer(name, passphrase=None):
    """Return a function that makes the signature block of a manifest (bytes), see lib/slots/trust.py.

    passphrase: asked for if it is None and the key has one. Raises SigningError.
    """
    padding, _, serialization = _cryptography()
    from cryptography.hazmat.primitives import hashes

    own = held(name)
    pem = folder() / f"{name}.pem"
    if passphrase is None and name != DEVELOPMENT:
        passphrase = asked(f"Passphrase of the key {name}: ")
    try:
        key = serialization.load_pem_private_key(pem.read_bytes(), passphrase.encode() if passphrase else None)
    except OSError as problem:
        raise SigningError(f"the private half of {name} is not on this PC: {pem} is missing") from problem
    except (ValueError, TypeError) as problem:
        raise SigningError(f"{pem} cannot be opened: wrong passphrase, or no key") from problem

    def sign(message):
        return bytes.fromhex(own["id"]) + key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    return sign


def asked(prompt, twice=False):
    """Return a passphrase: BRIDGE_KEY_PASSPHRASE of the environment, else what a person types. Raises SigningError."""
    given = os.environ.get("BRIDGE_KEY_PASSPHRASE")
    if given is not None:
        return given
    typed = getpass.getpass(prompt)
    if twice and getpass.getpass("Once more: ") != typed:
        raise SigningError("the two were not the same; nothing was made")
    return typed


def changes(add=None, retire=()):
    """Return the "keys" of a manifest: once it has proved itself `add` counts, and the ids in `retire` do not."""
    made = {"add": held(add)["n"]} if add else {}
    return {**made, "retire": list(retire)} if retire else made


def can_sign():
    """Return True if PyPI's cryptography is there."""
    try:
        _cryptography()
    except SigningError:
        return False
    return True


def _cryptography():
    """Return its (padding, rsa, serialization); imported late, for most commands never sign."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as problem:
        raise SigningError("signing needs the package cryptography: pip install 'bridgectl[sign]'") from problem
    return padding, rsa, serialization
