"""Bundles made on the PC, installed by the device's own code on its own interpreter."""

import hashlib
import json
import subprocess
import sys
import types

import pytest
from bridgectl.device import build, bundle, holdings, slot
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from interpreter import ROOT, micropython, unix_environment
from patience import HANG_S


class Device:
    """The installer in a MicroPython process; each bundle meets an empty file system."""

    def __init__(self):
        self.process = subprocess.Popen(
            [micropython(), "-X", "heapsize=4m", str(ROOT / "host_tests" / "rigs" / "unix" / "install_server.py")],
            env=unix_environment(),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def install(self, path):
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(HANG_S)


@pytest.fixture(scope="module")
def device():
    one = Device()
    yield one
    one.close()


@pytest.fixture
def folder(tmp_path):
    slot = tmp_path / "slot"
    (slot / "bridge" / "tasks").mkdir(parents=True)
    (slot / "main.mpy").write_bytes(b"".join(b"line %d\n" % (n * n) for n in range(900))[:10_000])
    (slot / "bridge" / "tasks" / "leds.mpy").write_bytes(hashlib.shake_128(b"leds").digest(5120))
    (slot / "empty").write_bytes(b"")
    return slot


def digests(slot):
    files = (p for p in slot.rglob("*") if p.is_file())
    return {p.relative_to(slot).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_real_slot_arrives_on_the_device_as_it_was_built(device, tmp_path):
    """Proves: OTA-1"""
    slot = build.build("host", quiet=True)
    made = bundle.make(slot, "host", build.version(), tmp_path / "x.bundle")
    assert device.install(made) == {"files": digests(slot)}


def test_the_same_slot_makes_the_same_bundle(folder, tmp_path):
    one = bundle.make(folder, "host", "1.2.3", tmp_path / "one").read_bytes()
    (folder / "main.mpy").touch()
    assert bundle.make(folder, "host", "1.2.3", tmp_path / "two").read_bytes() == one


def test_the_manifest_for_people_says_what_is_inside(folder, tmp_path, capsys):
    made = bundle.make(folder, "rp2040", "1.2.3", tmp_path / "x", minimum="1.0.0")
    found = bundle.read(made)
    assert (found["product"], found["board"], found["version"], found["minimum"]) == (
        "sigen-bridge",
        "rp2040",
        "1.2.3",
        "1.0.0",
    )
    assert found["signature"] == 0
    assert found["size"] == len(found["image"]) == 10_000 + 5_120 + 64
    bundle.show(made)
    assert "sigen-bridge 1.2.3 for rp2040, minimum 1.0.0, NOT SIGNED" in capsys.readouterr().out


def test_a_release_says_loudly_that_it_is_not_signed(folder, tmp_path, capsys):
    """Proves: OTA-2+"""
    bundle.make(folder, "host", "1.2.3", tmp_path / "x")
    assert capsys.readouterr().err == ""
    bundle.make(folder, "host", "1.2.3", tmp_path / "x", release=True)
    assert "THIS RELEASE IS NOT SIGNED" in capsys.readouterr().err


def test_a_bundle_that_no_device_would_take_is_not_made(folder, tmp_path):
    with pytest.raises(bundle.BundleError, match="version: must be three numbers"):
        bundle.make(folder, "host", "next", tmp_path / "x")
    with pytest.raises(bundle.BundleError, match="minimum: must not be above"):
        bundle.make(folder, "host", "1.0.0", tmp_path / "x", minimum="1.0.1")
    (folder / "ä").write_bytes(b"")
    with pytest.raises(bundle.BundleError, match="64 ASCII characters"):
        bundle.make(folder, "host", "1.0.0", tmp_path / "x")


def test_reading_finds_every_damaged_byte(folder, tmp_path):
    made = bundle.make(folder, "host", "1.2.3", tmp_path / "x")
    good = made.read_bytes()
    said = bundle.read(made)
    harmless = 0
    for at in range(len(good)):
        made.write_bytes(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        try:
            assert bundle.read(made) == said
            harmless += 1
        except bundle.BundleError:
            pass
    assert harmless <= 16  # one a block: the unused bits behind its last code, and nothing else


names = st.from_regex(r"[a-z_][a-z0-9_]{0,7}(/[a-z][a-z0-9_]{0,7}){0,2}\.(mpy|gz)", fullmatch=True)
contents = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.binary(min_size=1, max_size=40), st.integers(0, 9000)).map(lambda x: (x[0] * x[1])[: x[1]]),
    st.integers(0, 9000).map(lambda n: hashlib.shake_128(str(n).encode()).digest(n)),
    st.sampled_from([b"", b"x" * 4095, b"x" * 4096, b"x" * 4097, bytes(8192)]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(names, contents, min_size=1, max_size=8))
def test_whatever_is_packed_is_unpacked_the_same(files, device, tmp_path_factory):
    """Proves: OTA-1"""
    assume(not any(name.endswith(".mpy") and content[:1] == b"M" for name, content in files.items()))  # has a version
    top = tmp_path_factory.mktemp("packed")
    for name, content in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(content)
    made = bundle.make(top, "host", "1.2.3", top.parent / f"{top.name}.bundle")
    assert device.install(made) == {"files": digests(top)}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_bundle_is_refused_or_was_not_damaged_where_it_counts(data, device, folder, tmp_path):
    """Proves: OTA-2+"""
    made = bundle.make(folder, "host", "1.2.3", tmp_path / "x")
    broken = bytearray(made.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        at = data.draw(st.integers(0, len(broken) - 1))
        if kind == "flip":
            broken[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del broken[at : at + data.draw(st.integers(1, 50))]
        elif kind == "insert":
            broken[at:at] = data.draw(st.binary(min_size=1, max_size=50))
        else:
            broken += broken[at : at + 100]
        if not broken:
            break
    (tmp_path / "broken").write_bytes(broken)
    result = device.install(tmp_path / "broken")
    assert result.get("refused") or result == {"files": digests(folder)}


def test_an_update_over_usb_copies_renames_and_resets_in_one_go(folder, tmp_path, capsys):
    """Proves: BEN-2"""
    made = bundle.make(folder, "rp2040", "1.2.3", tmp_path / "x.bundle")
    command = bundle.ota("/dev/ttyACM0", made, dry_run=True)
    assert command[1:6] == ["-m", "mpremote", "connect", "/dev/ttyACM0", "resume"]
    steps = " ".join(command[6:]).split(" + ")
    assert steps[0].startswith("exec import sys; from machine import Timer, WDT")  # the watchdog is fed meanwhile
    assert steps[1:] == [
        f"fs cp {made} :/update.part",
        "exec import os; os.rename('/update.part', '/update.bundle')",
        "reset",
    ]
    assert "mpremote connect /dev/ttyACM0 resume exec" in capsys.readouterr().out
    made.write_bytes(made.read_bytes()[:-1])
    with pytest.raises(bundle.BundleError, match="damaged"):
        bundle.ota("/dev/ttyACM0", made, dry_run=True)


def test_the_command_line_makes_and_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "bridgectl", "bundle", "host", "--release"],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        cwd=ROOT,
        check=True,
    )
    path = done.stdout.splitlines()[-1]
    assert bundle.read(path)["board"] == "host"
    assert "NOT SIGNED" in done.stderr


def changed(folder):
    """Change one module of a slot."""
    leds = folder / "bridge" / "tasks" / "leds.mpy"
    leds.write_bytes(leds.read_bytes()[:-1] + b"!")


def test_a_bundle_since_another_version_has_what_changed_and_the_same_signature(folder, tmp_path):
    """The module does not get smaller: 5 kB of noise. The table is 14 bytes a block.

    Proves: OTA-5+
    """
    old = bundle.make(folder, "host", "1.2.3", tmp_path / "old")
    changed(folder)
    whole = bundle.make(folder, "host", "1.2.4", tmp_path / "whole", sign=lambda raw: b"k" * 392)
    thin = bundle.thin(whole, bundle.held_by(old), tmp_path / "thin")
    found = bundle.read(thin)
    assert found["signature"] == 392 and found["version"] == "1.2.4"
    assert found["left_out"] == 15_184 - 5_135  # the image without the record of the module
    assert thin.stat().st_size < 5120 + 392 + 22 + 250 + 14 * 7 + 100
    with pytest.raises(bundle.BundleError, match="left out already"):
        bundle.thin(thin, set(), tmp_path / "thinner")


def test_reading_finds_damage_in_a_thin_bundle(folder, tmp_path):
    old = bundle.make(folder, "host", "1.2.3", tmp_path / "old")
    changed(folder)
    made = bundle.thin(bundle.make(folder, "host", "1.2.4", tmp_path / "x"), bundle.held_by(old), tmp_path / "thin")
    good = made.read_bytes()
    said = bundle.read(made)
    harmless = 0
    for at in range(0, len(good), 7):
        made.write_bytes(good[:at] + bytes([good[at] ^ 0x41]) + good[at + 1 :])
        try:
            assert bundle.read(made) == said
            harmless += 1
        except bundle.BundleError:
            pass
    assert harmless <= 6  # one a piece at most: the unused bits behind its last code


def test_a_board_says_at_its_prompt_what_its_running_slot_holds(folder, tmp_path):
    """The program that runs there, under the same interpreter. Proves: OTA-5+"""
    made = slot.blob(folder, "host", "1.2.3")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "b.slot").write_bytes(made)
    source = "import sys\nsys.path.insert(0, '/b')\n" + holdings.program(f"{tmp_path}/root/")
    (tmp_path / "ask.py").write_text(source)
    done = subprocess.run(
        [micropython(), str(tmp_path / "ask.py")],
        env=unix_environment(),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    assert holdings.read(done.stdout) == set(bundle.hashes(slot.image(folder)))
    assert len(holdings.read(done.stdout)) == 6
    assert holdings.read(done.stdout + "Traceback (most recent call last):") == set()


def test_over_usb_only_what_the_board_lacks_travels(folder, tmp_path, monkeypatch, capsys):
    """Proves: OTA-5+"""
    held = set(bundle.hashes(slot.image(folder)))
    changed(folder)
    made = bundle.make(folder, "host", "1.2.4", tmp_path / "x")
    sent = []

    def run(command, **_):
        sent.append(bundle.read(command[command.index("cp") + 1])["left_out"])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(bundle, "check_port", lambda *_: None)
    monkeypatch.setattr(bundle.holdings, "ask", lambda *_: held)
    monkeypatch.setattr(bundle, "subprocess", types.SimpleNamespace(run=run))
    bundle.ota("/dev/ttyACM0", made)
    assert sent[0] > 10_000 and "bytes travel; the board holds the rest." in capsys.readouterr().out
    monkeypatch.setattr(bundle.holdings, "ask", lambda *_: set())  # it could not say
    bundle.ota("/dev/ttyACM0", made)
    assert sent[1] == 0


def test_a_bundle_that_is_not_there_is_said_with_its_name(tmp_path):
    with pytest.raises(bundle.BundleError, match=r"there is no file .*gone\.bundle"):
        bundle.held_by(tmp_path / "gone.bundle")
