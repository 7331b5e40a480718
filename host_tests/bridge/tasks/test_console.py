"""bridgectl settings at the console of the real firmware, which goes on working; and without it."""

import io
import json
import subprocess
import sys
import time

import pytest
import serial
from bridgectl.device import build, console, log, provision, record, settings
from bridgectl.replay import report
from patience import HANG_S
from portal_rig import Bridge
from ptys import Pair


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(console, "_HELLO_S", HANG_S)
    monkeypatch.setattr(console, "_ANSWER_S", HANG_S)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """The port of a running bridge, which has a WLAN password."""
    stored = {"wlan_ssid": "Home", "wlan_password": "only-for-tests-8"}
    with Pair() as cable:
        with Bridge(tmp_path_factory.mktemp("bridge"), console=cable.left, settings=stored):
            yield cable.right


# As a person's, but it does not give a busy machine up.
_BRIDGECTL = f"""
from bridgectl.cli import app
from bridgectl.device import console
console._HELLO_S = console._ANSWER_S = {HANG_S}
app()
"""


def bridgectl(*words):
    """Run bridgectl; return (exit code, what it printed, what it said of errors)."""
    command = [sys.executable, "-c", _BRIDGECTL, "settings", *words]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=HANG_S, check=False, stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout, done.stderr


def test_the_running_firmware_shows_and_takes_settings_and_is_not_stopped(port, tmp_path):
    """Proves: PRV-9+"""
    assert bridgectl(port, "set", "mqtt_host=192.0.2.1", "publish_ms=1000", "server_outputs=true") == (
        0,
        "In force and stored: mqtt_host, publish_ms, server_outputs\n",
        "",
    )
    code, shown, said = bridgectl(port)
    assert (code, said) == (0, "")
    lines = shown.splitlines()
    assert len(lines) == 75
    assert "* mqtt_host            192.0.2.1" in lines
    assert "* publish_ms           1000 ms" in lines
    assert "* server_outputs       true" in lines
    assert "  mqtt_port            1883" in lines
    assert "* wlan_password        set" in lines
    assert "  mqtt_password        not set" in lines
    assert "only-for-tests-8" not in shown

    file = tmp_path / "settings.json"
    assert bridgectl(port, "export", str(file))[0] == 0
    held = json.loads(file.read_text())
    assert len(held) == 73 and "wlan_password" not in held and held["mqtt_host"] == "192.0.2.1"
    file.write_text(json.dumps({**held, "mqtt_host": "192.0.2.2"}))
    assert bridgectl(port, "import", str(file))[0] == 0
    assert bridgectl(port, "get", "mqtt_host") == (0, "* mqtt_host            192.0.2.2\n", "")


def test_the_running_firmware_says_what_it_would_publish(port):
    """What `make run` shows comes from here."""
    with serial.Serial(port, 115200, timeout=0.2) as line:
        found, deadline_s = b"", time.monotonic() + HANG_S
        while b'"state"' not in found.partition(b"\x1e")[2] or not found.endswith(b"\n"):
            assert time.monotonic() < deadline_s, found
            line.write(b'\x1e{"state": true}\n')
            found += line.read(8192)
    said = found.partition(b"\x1e")[2].split(b"\n")[0]
    state = json.loads(said)["state"]
    assert state["version"] == build.version() and state["sensor_voltage"] is None and state["di1"] in ("OFF", None)


def test_the_flight_recorder_is_taken_out_over_usb_and_replayed(port, tmp_path):
    """Proves: DIA-1+"""
    path = tmp_path / "recording.txt"
    record.run(port, path)
    assert "only-for-tests-8" not in path.read_text()
    out = io.StringIO()
    assert report.run(path, out)
    assert "  contacts closed: none\n" in out.getvalue() and out.getvalue().endswith(": all the same\n")


def test_the_log_begins_with_what_was_said_before_the_cable_was_there(port):
    """Proves: PRV-9+"""
    for _ in range(2):  # the second time nothing of it is on its way any more
        told = log.of_board(port)
        assert f"app: version {build.version()} on host" in next(line for line in told if "version" in line)
        told.close()


def test_what_the_bridge_refuses_is_said_in_its_words(port):
    """Proves: PRV-9+"""
    assert bridgectl(port, "set", "rs485_2_baud=19200") == (
        2,
        "",
        "rs485_2_baud RS485 of the COM terminal runs at 9600 bps at most (cable up to 1000 m)\n",
    )
    assert bridgectl(port, "set", "mqtt_password=secret") == (
        2,
        "",
        "mqtt_password needs a user name: set mqtt_user with it\n",
    )
    assert bridgectl(port, "get", "colour") == (2, "", "colour is no setting\n")


def test_what_a_person_types_does_no_harm_and_a_long_line_is_refused(port):
    with serial.Serial(port, 115200, timeout=0.05) as line:
        line.write(b'hello\n{"set": {"plant_unit": 9}}\n' * 20)
        assert console._hello(line)["console"] == 1
        line.write(b'{"set": {"plant_unit": 9}}\n')
        console._send(line, b"x" * 4000)
        refused = console._await(line, lambda answer: "ok" in answer, HANG_S)
        assert refused["errors"] == {"line": "must be at most 3584 bytes long"}
    assert console.ask(port, {"get": True})["settings"]["plant_unit"] == 247


def test_ctrl_c_leads_to_the_prompt_also_while_a_program_is_talking(tmp_path):
    with Pair() as cable, Bridge(tmp_path, console=cable.left) as bridge:
        cable.heed_ctrl_c()
        with serial.Serial(cable.right, 115200, timeout=0.05) as line:
            assert console._hello(line)["sn"] == "SN0123456789"
            line.write(b"\x1e{")
            line.write(b"\x03")
            assert bridge.ended() == 130  # interrupted; 75 would be a new start
            found, deadline_s = b"", time.monotonic() + HANG_S
            while b"KeyboardInterrupt" not in found:  # the cable carries it when it is its turn
                assert time.monotonic() < deadline_s, found
                found += line.read(4096)


def test_the_prompt_answers_with_the_modules_of_the_board(tmp_path):
    """What mpremote runs where no firmware answers, run here by the unix port on the slot itself."""
    (tmp_path / "data").mkdir()
    path = str(tmp_path / "data" / "settings")

    def at_prompt(request):
        done = subprocess.run(
            [build.micropython(), "-c", console.prompt_source(request, path) + console._RESTART],
            env={"MICROPYPATH": f"{build.build('host', quiet=True)}:.frozen"},
            cwd=tmp_path,
            capture_output=True,
            timeout=HANG_S,
            check=False,
        )
        assert not done.stderr
        return console._marked(done.stdout.strip())

    assert at_prompt({"set": {"mqtt_user": "ü'\"\\", "mqtt_password": "p"}})["ok"]
    assert at_prompt({"set": {"mqtt_user": ""}})["errors"] == {
        "mqtt_user": "must not be empty while a password is set: empty mqtt_password with it"
    }
    shown = at_prompt({"get": True})["settings"]
    assert (shown["mqtt_user"], shown["mqtt_password"]) == ("ü'\"\\", True)


def test_the_request_is_not_on_the_command_line():
    words = console.command("/dev/ttyACM0", "FILE")
    assert words[1:] == ["-m", "mpremote", "connect", "/dev/ttyACM0", "run", "FILE", "+", "reset"]


def test_a_folder_of_a_host_board_is_set_up_like_a_board(tmp_path):
    (tmp_path / "data").mkdir()
    assert bridgectl(str(tmp_path), "set", "mqtt_host=192.0.2.1", "system_name=Haus Grün")[0] == 0
    assert bridgectl(str(tmp_path), "get", "system_name")[1] == "* system_name          Haus Grün\n"
    assert bridgectl(str(tmp_path), "set", "time_zone=Europe/Atlantis") == (
        2,
        "",
        "time_zone must be a name of the IANA list, like Europe/Berlin\n",
    )


def test_a_character_beyond_the_first_65536_reaches_the_bridge_by_every_way(port, tmp_path):
    """As itself: MicroPython reads the two escapes of one as two halves, which are no UTF-8."""
    assert bridgectl(port, "set", "system_name=Haus \U0001f600") == (0, "In force and stored: system_name\n", "")
    assert bridgectl(port, "get", "system_name")[1] == "* system_name          Haus \U0001f600\n"
    assert "\U0001f600" in console.prompt_source({"set": {"system_name": "\U0001f600"}})
    provision.run(str(tmp_path), "SN1", words=("system_name=\U0001f600 1",))
    read = "from bridge.settings import Settings; s = Settings('data/settings'); print(s.ignored, s.system_name)"
    for shown in ("[] \U0001f600 1\n", "[] \U0001f600 2\n"):
        done = subprocess.run(
            [build.micropython(), "-c", read],
            env={"MICROPYPATH": f"{build.build('host', quiet=True)}:.frozen"},
            cwd=tmp_path, capture_output=True, text=True, timeout=HANG_S, check=False,
        )  # fmt: skip
        assert (done.stdout, done.stderr) == (shown, "")
        assert bridgectl(str(tmp_path), "set", "system_name=\U0001f600 2")[0] == 0


def test_a_file_that_is_none_of_settings_is_refused_in_a_line(tmp_path):
    file = tmp_path / "settings.json"
    for content, rule in (
        (b"[" * 100000, "is no JSON"),
        (b'{"system_name": "\\ud83d"}', "system_name must be UTF-8"),
        (b'{"system_name": "\xff"}', "is no JSON"),
        (b"\x00\x01", "is no JSON"),
        (b"", "is no JSON"),
        (b"{}", "must hold a JSON object of settings"),
        (b'{"plant_unit": NaN}', "plant_unit must be a whole number"),
        (b'{"plant_unit": 1e999}', "plant_unit must be a whole number"),
        (b'{"colour": 1, "plant_unit": 3}', "colour is no setting"),
        (b'{"wlan_password": true}', "wlan_password must be a text"),
    ):
        file.write_bytes(content)
        with pytest.raises(settings.SettingsError) as refused:
            settings.imported(str(file))
        (line,) = str(refused.value).splitlines()
        assert rule in line, content
    with pytest.raises(settings.SettingsError, match="cannot be read: Is a directory"):
        settings.imported(str(tmp_path))
    with pytest.raises(settings.SettingsError, match="system_name must be UTF-8"):
        settings.parsed(["system_name=\udcff"])


def test_a_new_board_gets_its_settings_with_its_serial_number(tmp_path, capsys):
    """Proves: PRV-9+"""
    provision.run(str(tmp_path), "SN1", words=("mqtt_host=192.0.2.1", "plant_unit=3"))
    assert provision.record.load(str(tmp_path / "data" / "settings")) == {"mqtt_host": "192.0.2.1", "plant_unit": 3}
    with pytest.raises(settings.SettingsError, match="mqtt_password needs a user name"):
        provision.run(str(tmp_path), "SN1", replace=True, words=("mqtt_password=x",))
    provision.run("/dev/ttyACM0", "SN1", dry_run=True, words=("mqtt_host=192.0.2.1",))
    assert ":/data/settings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("plant_unit",), "plant_unit must be NAME=VALUE"),
        (("colour=red",), "colour is no setting"),
        (("plant_unit=",), "plant_unit must be a whole number"),
        (("plant_unit=1.5",), "plant_unit must be a whole number"),
        (("plant_unit=248",), "plant_unit must be 1 to 247, not 248"),
        (("server_outputs=yes",), "server_outputs must be true or false"),
        ((), "name what shall be set: NAME=VALUE ..."),
        (("mqtt_user=", "mqtt_password=x"), "mqtt_password needs a user name: set mqtt_user with it"),
    ],
)
def test_words_are_typed_and_checked_before_anybody_is_asked(words, rule):
    with pytest.raises(settings.SettingsError) as refused:
        settings.parsed(words)
    assert str(refused.value) == rule


def test_all_settings_at_their_longest_fit_into_one_line():
    longest = {
        name: "ä" * (high // 2)
        if kind in ("text", "secret")
        else max(low, key=len)
        if kind == "choice"
        else high or 9600
        for name, kind, _, low, high, _ in settings.table.rows()
    }
    assert (
        len(json.dumps({"id": "01234567", "set": longest}, separators=(",", ":"), ensure_ascii=False).encode()) < 3584
    )
