"""Keys made on the PC, bundles signed with them, and a device's own code that believes them."""

import json
import os
import subprocess
import sys

import pytest
from bridgectl import firmware
from bridgectl.device import bundle, keyring, provision, signing
from cryptography.hazmat.primitives import serialization
from interpreter import ROOT, micropython, unix_environment
from patience import HANG_S

_PASSPHRASE = "correct horse battery"
_JUDGE = """
import sys
from slots import head, trust
with open(sys.argv[1], "rb") as file:
    raw = file.read()
_, _, manifest, signature = head.lengths(raw[: head.FIXED_BYTES])
at = head.FIXED_BYTES + manifest
work = trust.judged(sys.argv[2], raw[head.FIXED_BYTES : at], raw[at : at + signature])
while True:
    try:
        next(work)
    except StopIteration as e:
        print(e.value)
        break
"""


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("BRIDGE_KEYS", str(tmp_path / "keys"))
    monkeypatch.delenv("BRIDGE_KEY_PASSPHRASE", raising=False)
    return tmp_path / "keys"


@pytest.fixture
def slot(tmp_path):
    folder = tmp_path / "slot"
    folder.mkdir()
    (folder / "main.txt").write_bytes(b"content")
    return folder


def judged(path, folder):
    """Return what a device with the records in folder/data finds of a bundle's signature."""
    done = subprocess.run(
        [micropython(), "-c", _JUDGE, str(path), f"{folder}/data/"],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    return done.stdout.strip()


def test_a_device_believes_what_its_keys_signed_and_nothing_else(keys, slot, tmp_path):
    """Proves: OTA-2+"""
    signing.new("release", _PASSPHRASE)
    signing.new("stranger", _PASSPHRASE)
    keyring.into_folder(tmp_path / "root", ["release"])
    paths = {}
    for name in ("release", "stranger"):
        sign = signing.signer(name, _PASSPHRASE)
        paths[name] = bundle.make(slot, "host", "1.2.3", tmp_path / name, sign=sign)
    paths["none"] = bundle.make(slot, "host", "1.2.3", tmp_path / "none")
    found = {name: judged(path, tmp_path / "root") for name, path in paths.items()}
    stranger = signing.held("stranger")["id"]
    assert found == {"release": "active", "stranger": f"unknown {stranger}", "none": "missing"}
    assert bundle.read(paths["release"])["key"] == signing.held("release")["id"]


def test_the_private_half_is_encrypted_and_only_its_owner_can_read_it(keys):
    signing.new("release", _PASSPHRASE)
    pem = (keys / "release.pem").read_bytes()
    assert b"ENCRYPTED PRIVATE KEY" in pem
    assert oct((keys / "release.pem").stat().st_mode)[-3:] == "600"
    with pytest.raises(TypeError):
        serialization.load_pem_private_key(pem, None)
    with pytest.raises(signing.SigningError, match="wrong passphrase"):
        signing.signer("release", "another passphrase")
    number = serialization.load_pem_private_key(pem, _PASSPHRASE.encode()).public_key().public_numbers()
    assert (number.e, number.n.bit_length()) == (65537, 3072)


def test_a_key_is_never_overwritten_and_a_short_passphrase_is_refused(keys):
    first = signing.new("release", _PASSPHRASE)
    with pytest.raises(signing.SigningError, match="is there already"):
        signing.new("release", _PASSPHRASE)
    assert signing.held("release") == first
    with pytest.raises(signing.SigningError, match="12 characters"):
        signing.new("other", "short")
    with pytest.raises(signing.SigningError, match="letters, digits"):
        signing.new("../other", _PASSPHRASE)
    with pytest.raises(signing.SigningError, match="no passphrase"):
        signing.new("other", None)


def test_the_development_key_is_made_when_it_is_first_needed(keys, slot, tmp_path):
    """Proves: OTA-2+"""
    assert signing.names() == []
    provision.run(tmp_path, "SN1")
    assert signing.names() == ["development"]
    stored = (tmp_path / "data" / "key_1").read_text().partition("\n")[2]
    assert json.loads(stored)["state"] == "development"
    made = bundle.make(slot, "host", "1.2.3", tmp_path / "x", sign=signing.signer("development"))
    assert judged(made, tmp_path) == "development"


def test_keys_reach_a_board_before_it_is_started_again_and_replace_what_it_had(keys, tmp_path, capsys):
    signing.new("release", _PASSPHRASE)
    keyring.run("/dev/ttyACM0", dry_run=True)
    said = capsys.readouterr().out
    assert said.index(":/data/key_1.new") < said.index("os.remove(folder + name)") < said.index("+ reset")
    assert signing.held("release")["id"] in said
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "key_4").write_text("old")
    keyring.run(tmp_path)
    assert sorted(path.name for path in (tmp_path / "data").glob("key_*")) == ["key_1"]


def _command(*words, status=0):
    done = subprocess.run(
        [sys.executable, "-m", "bridgectl", *words],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        cwd=ROOT,
        check=False,
        env={**os.environ, "BRIDGE_KEY_PASSPHRASE": _PASSPHRASE},
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def test_the_command_line_makes_shows_and_signs(keys, tmp_path):
    """Proves: OTA-2+"""
    id = _command("key", "new", "release").strip()
    assert id in _command("key", "show")
    out = str(tmp_path / "x.bundle")
    said = _command("bundle", "host", "--release", "--key", "release", "--add-key", "release", "--out", out)
    assert f"signed with the key {id}" in said and "NOT SIGNED" not in said
    made = bundle.read(out)
    assert made["release"] is True and made["keys"] == {"add": signing.held("release")["n"]}
    assert "believes the development key" in _command("bundle", "host", "--release", "--key", "development", status=2)
    assert "key unknown" in _command("bundle", "host", "--key", "unknown", status=2)


def test_no_private_key_lies_in_the_repository():
    """Proves: OTA-2+"""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=firmware.ROOT, check=False).stdout
    paths = [firmware.ROOT / name for name in listed.splitlines()]
    found = [path for path in paths if path.is_file() and b"PRIVATE KEY" + b"-----" in path.read_bytes()]
    assert found == []
