"""Every command of README.md and docs/ is run: against simulated devices, a host board's folder, or dry.

A command that no line of this file knows fails the test, so that a page cannot name what nobody has tried.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import zlib

import ptys
import pytest
from bench_lines import bridgectl
from bridgectl import firmware
from bridgectl.bench import direction, pace, pace_command, port, raw, read, scan
from bridgectl.options import PORT_FAILED
from bridgectl.site.house import House
from bridgectl.site.meter import Meter
from bridgectl.site.plant import Plant
from clockwork import Clockwork
from patience import HANG_S

_PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (firmware.ROOT / "docs").glob("*.md")))
_STARTS = r"(?:make|pipx|\.venv/bin/bridgectl|bridgectl|python -m bridgectl|mbpoll|mosquitto_pub)\b"
_OWN_KEYS = {**os.environ, "BRIDGE_KEY_PASSPHRASE": "only for this test"}
_MAKE_ONLY = ("run", "test", "figures", "fuzz", "emulate", "trace", "wiring", "help")  # their work has tests of its own


def _commands():
    """Return [(page, command)] of all that stands in code of the pages."""
    found = []
    for page in _PAGES:
        text = (firmware.ROOT / page).read_text()
        blocks = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
        lines = [line for block in blocks for line in block.splitlines()]
        spans = re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", re.sub(r"^```\n.*?^```", "", text, flags=re.M | re.S))
        for piece in lines + spans:
            command = re.split(r"\s+#\s", " ".join(piece.split()) if piece in spans else piece)[0].strip()
            if re.match(_STARTS, command) and len(command.split()) > 1 and (page, command) not in found:
                found.append((page, command))
    return found


def _run(words, codes=(0,)):
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANG_S, check=False, cwd=firmware.ROOT)
    assert done.returncode in codes, (words, done.stdout, done.stderr)
    return done.stdout


def _bridgectl(words, folder, clockwork):
    """Run `bridgectl WORDS` with what stands for its port; folder: a host board's; clockwork: what a wire lives by."""
    name, *rest = words
    if name.startswith("-") or rest[:1] == ["--probe-longest"]:
        assert name in _run([sys.executable, "-m", "bridgectl", *(["pace"] if rest else []), "--help"]) or rest
        return
    own = [sys.executable, "-m", "bridgectl", name]
    if name == "ports":
        _run(own, (0, PORT_FAILED))
    elif name in ("scan", "read", "pace", "get", "direction"):
        slave = Plant(House()) if name == "get" else Meter(House())
        short = {"scan": ["--units", "1"], "pace": ["--seconds", "1"], "direction": ["--seconds", "5"]}.get(name, [])
        with clockwork.wire(slave) as wire:
            done = bridgectl(name, wire.path, *[word for word in rest[1:] if word != "--watch"], *short)
        assert done.exit_code in (0, 1), (words, done.output)
    elif name == "play":
        with ptys.Pair() as pair:
            _run([*own, pair.right, *rest[1:], "--seconds", "1"])
    elif name in ("settings", "provision"):
        words = [
            {"FILE": str(folder / "kept.json"), "NAME=VALUE": "plant_unit=2", "...": ""}.get(w, w) for w in rest[1:]
        ]
        _run([*own, str(folder), *filter(None, words), *(["--replace"] if name == "provision" else [])])
    elif name in ("flash", "ota"):
        _run([*own, *rest, "--dry-run"])
    elif name == "key":
        own = [*own, rest[0], str(folder)] if rest[0] == "provision" else [*own, *rest]
        subprocess.run(own, check=True, timeout=HANG_S, env=_OWN_KEYS | {"BRIDGE_KEYS": str(folder / "keys")})
    elif name == "bundle" and "--release" in rest:
        _bundle_with_keys([*own, *rest], folder)
    elif name == "bundle" and "--since" in rest:
        old = str(folder / rest[rest.index("--since") + 1])
        _run([*own, rest[0], "--out", old])
        _run([*own, *[old if word == rest[-1] else word for word in rest], "--out", str(folder / "new.bundle")])
    elif name == "record":
        _run([*own, str(folder / "no-port"), *rest[1:]], (PORT_FAILED,))  # taken out at a port: tasks/test_console.py
    elif name == "replay":
        path, told = folder / rest[0], [json.dumps({"flight_recorder": 1}), json.dumps({"end": 0})]
        path.write_text("".join(f"{zlib.crc32(line.encode()):08x} {line}\n" for line in told))
        assert "nothing to compare" in _run([*own, str(path)])
    else:
        assert name in ("bundle", "build"), f"no way to try bridgectl {name}"
        _run([*own, *rest])


def _bundle_with_keys(words, folder):
    """Make the keys that a command names, and run it into a folder of its own."""
    environment = _OWN_KEYS | {"BRIDGE_KEYS": str(folder / "keys")}
    named = {words[n + 1] for n, word in enumerate(words) if word in ("--key", "--add-key")}
    for name in sorted(named):
        subprocess.run([*words[:3], "key", "new", name], check=True, timeout=HANG_S, env=environment)
    out = ["--out", str(folder / "x.bundle")]
    subprocess.run([*words, *out], check=True, timeout=HANG_S, env=environment, cwd=firmware.ROOT)


def _make(words, folder, clockwork):
    """Let make say what it would run, and run that if it is bridgectl."""
    said = _run(["make", "-n", "-o", "venv", *words[1:]])
    targets = [word for word in words[1:] if "=" not in word]
    assert targets, words
    if targets[0] in _MAKE_ONLY:
        return
    for line in said.splitlines():
        own = shlex.split(line)
        if own and own[0].endswith("bridgectl"):
            _bridgectl(own[1:], folder, clockwork)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), _commands())
def test_a_command_of_the_pages_works_as_it_stands(page, command, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    clockwork = Clockwork()
    clockwork.take_over(monkeypatch, port, direction, pace, pace_command, raw, read, scan)
    words = shlex.split(command)
    if words[0] == "make":
        # What a command needs that is named elsewhere in the sentence.
        for name, value in (("PORT", "/dev/ttyACM0"), ("BOARD", "rp2040"), ("SN", "MY-SERIAL-01")):
            if not any(word.startswith(name + "=") for word in words):
                words.append(f"{name}={value}")
        _make(words, tmp_path, clockwork)
    elif words[0].endswith("bridgectl"):
        _bridgectl(words[1:], tmp_path, clockwork)
    elif words[:2] == ["python", "-m"]:
        __import__(words[2])  # a page's own generator is compared with the page by a test beside this one
    elif words[0] == "pipx":
        assert words[1:] == ["install", "."]  # host_tests/tools/test_installed.py installs it
    else:
        assert words[0] in ("mbpoll", "mosquitto_pub")  # other people's programs; what they carry is tried below
        assert "-h" in words or any(place in words for place in ("TTY", "BRIDGE"))


def test_every_message_of_the_pages_is_taken():
    """Proves: BEN-2"""
    from bridge.settings import Settings

    texts = [text for page in _PAGES for text in re.findall(r"-m '(\{.*?\})'", (firmware.ROOT / page).read_text())]
    assert len(texts) >= 8
    for text in texts:
        assert Settings().check(json.loads(text))[1] == [], text


def test_the_pages_say_what_is_so():
    readme = (firmware.ROOT / "README.md").read_text()
    settings = (firmware.ROOT / "docs/settings.md").read_text()
    ports = (firmware.ROOT / "docs/ports.md").read_text()
    for page, untrue in (
        (readme, "finds everything by itself"),
        (readme, "Retained commands are refused"),
        (readme, "shows as *page*"),
        (settings, "which none of them needs"),
        (ports, "without one nothing has happened"),
    ):
        assert untrue not in " ".join(page.split())
