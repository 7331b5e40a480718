"""The commands of `bridgectl` that make and hand over: what they print, and how they refuse."""

import json
import os
import subprocess
import sys

import pytest
from bridgectl.bench import port
from bridgectl.cli import app
from bridgectl.device import build, bundle, signing
from bridgectl.options import PORT_FAILED, WRONG_USE
from patience import HANG_S
from typer.testing import CliRunner


def bridgectl(*words):
    return CliRunner().invoke(app, [str(w) for w in words])


def test_help_names_every_command():
    """Proves: BEN-2"""
    done = bridgectl("--help")
    commands = ("read", "scan", "pace", "play", "build", "flash", "provision", "bundle", "ota", "run")
    commands += ("ports", "get", "put", "log", "settings")
    assert [word for word in commands if f"\n  {word} " not in done.stdout] == []


def test_a_bundle_is_made_and_told():
    """Proves: BEN-2"""
    done = bridgectl("bundle", "rp2040")
    assert done.exit_code == 0, done.output
    path = done.stdout.splitlines()[-1]
    assert bundle.read(path)["board"] == "rp2040"
    assert "signed with the key " + signing.held(signing.DEVELOPMENT)["id"] in done.stdout  # there is no other yet


def test_an_update_by_board_makes_its_own_bundle():
    """Proves: BEN-2"""
    done = bridgectl("ota", "/dev/no-such-port", "--board", "esp32", "--dry-run")
    assert done.exit_code == 0, done.output
    assert f"sigen-bridge-esp32-{build.version()}.bundle :/update.part" in done.stdout


def test_provisioning_a_folder_prints_the_label_once(tmp_path):
    """Proves: BEN-2"""
    done = bridgectl("provision", tmp_path, "MY-SERIAL-01")
    assert done.exit_code == 0, done.output
    assert "SN        MY-SERIAL-01" in done.stdout
    again = bridgectl("provision", tmp_path, "MY-SERIAL-01")
    assert again.exit_code == 2
    assert "--replace" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("provision", "/dev/no-such-port", "SN/1"), "must be letters, digits and -, without '/'"),
        (("provision", "/dev/no-such-port", "x" * 33), "must be 1 to 32 characters long, not 33"),
        (("provision", "/dev/no-such-port", "SN-1"), "There is no port /dev/no-such-port."),
        (("bundle", "avr"), "board 'avr' is unknown; known: rp2040, rp2350, esp32, esp32s3, host"),
        (("build", "avr"), "board 'avr' is unknown"),
        (("ota", "/dev/no-such-port"), "name either a bundle (FILE) or a board"),
        (("ota", "/dev/no-such-port", "x", "--board", "esp32"), "name either a bundle (FILE) or a board"),
        (("ota", "/dev/no-such-port", "/no/such.bundle"), "there is no file /no/such.bundle"),
        (("ota", "/dev/no-such-port", __file__), "bundle: is none: its first bytes are wrong"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(words, said):
    """Proves: BEN-2"""
    done = bridgectl(*words)
    assert done.exit_code == (PORT_FAILED if "no port" in said else WRONG_USE)
    assert said in done.stderr


@pytest.mark.parametrize(
    "words", [("flash", "/dev/no-such-port", "--board", "rp2040"), ("ota", "/dev/no-such-port", "--board", "rp2040")]
)
def test_a_port_that_is_missing_is_told_before_anything_is_built(words, monkeypatch):
    monkeypatch.setattr(build, "build", None)
    done = bridgectl(*words)
    assert done.exit_code == PORT_FAILED == 3, done.output
    assert "There is no port /dev/no-such-port." in done.stderr


def test_the_version_is_told_and_a_shell_may_complete():
    assert bridgectl("--version").stdout == f"bridgectl {build.version()}\n"
    done = subprocess.run(
        [sys.executable, "-m", "bridgectl"], capture_output=True, text=True, timeout=HANG_S, check=False,
        env={**os.environ, "_PYTHON_M_BRIDGECTL_COMPLETE": "complete_bash", "_BRIDGECTL_COMPLETE": "complete_bash",
             "COMP_WORDS": "bridgectl po", "COMP_CWORD": "1"},
    )  # fmt: skip
    assert "ports" in done.stdout, done.stderr
    assert "--install-completion" in bridgectl("--help").stdout


def test_ports_are_listed_or_their_absence_is_said(monkeypatch):
    monkeypatch.setattr(port, "ports", lambda: [("/dev/ttyUSB0", "FT232R USB UART")])
    assert bridgectl("ports").stdout == "/dev/ttyUSB0  FT232R USB UART\n"
    monkeypatch.setattr(port, "ports", list)
    done = bridgectl("ports")
    assert (done.exit_code, done.stdout) == (3, "") and "no serial port at all" in done.stderr


def test_run_starts_the_bridge_and_ends_by_itself(tmp_path):
    """Proves: BEN-3+"""

    def ran(seconds):
        command = [sys.executable, "-m", "bridgectl", "run", "--plain", "--seconds", str(seconds)]
        command += ["--folder", str(tmp_path / "run")]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=HANG_S, check=False, stdin=subprocess.DEVNULL
        )

    seconds = 3
    while "first reading" not in (done := ran(seconds)).stdout and seconds < HANG_S / 4:
        seconds *= 2  # a busy machine had not come to it
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["figure"] == "host_first_reading_s"
