"""The pages of the real bridge in a real browser, 360 pixels wide: what they show, send and refuse; nothing bursts."""

import socketserver
import threading

import pytest
from bridgectl.device import build, bundle
from bridgectl.docs.pictures import browser
from bridgectl.site.house import House
from bridgectl.site.plant import Plant
from bridgectl.site.wire import PtyWire
from browser import Browser
from portal_rig import Bridge

pytestmark = pytest.mark.skipif(not browser(), reason="needs Chromium")

LONG = "W" * 32  # the widest name that a network can have
NETWORKS = f"Home -50 secret-one\n{LONG} -60 secret-two\nCafé -80 -\n"


class _WebServer(socketserver.BaseRequestHandler):
    """What somebody finds who types the port of a web server."""

    def handle(self):
        self.request.recv(1024)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


@pytest.fixture(scope="module")
def phone(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as phone:
        yield phone


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """A bridge whose plant runs and whose sensor is silent."""
    with PtyWire(Plant(House()), think_ms=20, in_lumps=True) as plant:
        folder = tmp_path_factory.mktemp("bridge")
        with Bridge(folder, NETWORKS, wires=(plant.path, ""), heap="1m") as b:
            yield b.await_portal()


def _open(phone, bridge, page):
    phone.open(f"http://{bridge.host}/{page}")
    phone.until("document.getElementById('sn').textContent === 'SN0123456789'")


def test_a_network_is_joined_and_a_wrong_key_is_said(phone, bridge):
    _open(phone, bridge, "network")
    phone.until("document.querySelectorAll('#list input').length === 3")
    assert phone.outside() == []
    assert phone.run("document.getElementById('credentials').hidden")

    before = bridge.json("networks")["wlan_ssid"]
    phone.press("#list label")  # the strongest one comes first
    assert phone.run("document.querySelector('input[name=pick]:checked').value") == "Home"
    phone.type("#password", "short")
    phone.press("#show")
    assert phone.run("document.getElementById('password').type") == "text"
    phone.press("#join .main")
    phone.until("!document.querySelector('#join .error').hidden")
    assert phone.text("#join .error") == (
        "The password must be 8 to 63 characters of ASCII, or 64 hexadecimal digits, or nothing for an open network."
    )
    assert bridge.json("networks")["wlan_ssid"] == before

    phone.type("#password", "secret-two")
    phone.press("#join .main")
    phone.until("document.querySelector('#now b').textContent === 'Wrong password'")
    assert phone.text("#now span") == "“Home” refused it. Choose it and try again."
    phone.type("#password", "secret-one")
    phone.press("#join .main")
    phone.until("document.querySelector('#now b').textContent === 'Joined Home'")
    assert phone.text("#go") == "Continue"
    assert phone.run("document.getElementById('password').value") == ""
    assert phone.problems == []


def test_a_network_with_the_longest_name_and_one_without_a_name_here_fit_and_can_be_chosen(phone, bridge):
    _open(phone, bridge, "network")
    phone.until("document.querySelectorAll('#list input').length === 3")
    phone.press("#list label:nth-of-type(2)")
    phone.type("#password", "secret-two")
    phone.press("#join .main")
    phone.until(f"document.querySelector('#now b').textContent === 'Joined {LONG}'")
    assert phone.outside() == []
    phone.press("#list label:nth-of-type(3)")
    assert phone.run("document.getElementById('locked').hidden")  # an open network is asked for no key
    phone.press("#other")
    assert not phone.run("document.getElementById('named').hidden")
    phone.press("#join .main")
    phone.until("!document.querySelector('#join .error').hidden")
    assert phone.text("#join .error") == "The network's name must not be empty; choose a network from the list."
    assert phone.problems == []


def test_a_search_that_costs_something_asks_first(phone, tmp_path):
    with Bridge(tmp_path, NETWORKS, settings={"grid_table": "ripple"}, heap="1m") as b:
        b.await_portal()
        _open(phone, b, "network")
        phone.until("/^Not searched by itself/.test(document.querySelector('#list').textContent)")
        phone.press("#scan")
        phone.until("document.querySelectorAll('#list input').length === 3")
        assert phone.asked == [
            "A search stops everything else for up to 10 s: grid contacts are not read, no limit is sent. Search?"
        ]
        assert phone.problems == []


def test_a_system_is_named_and_one_without_a_name_is_refused(phone, bridge):
    _open(phone, bridge, "system")
    assert phone.text("#create .main") == "Create system"
    phone.press("#create .main")
    phone.until("!document.querySelector('#create .error').hidden")
    assert phone.text("#create .error") == (
        "The name must not be empty; give the system a name that its owner knows it by."
    )
    phone.type("#system_name", "W" * 40)
    phone.press("#create .main")
    phone.until("!document.getElementById('done').hidden")
    assert phone.text("#done b") == "W" * 40 + " is set up"
    assert phone.text("#create .error") == ""
    assert phone.outside() == []
    assert bridge.json("system")["system_name"] == "W" * 40
    phone.press("#go")
    phone.until("document.body && document.body.id === 'status'")
    assert phone.problems == []


def test_settings_are_changed_and_what_breaks_a_rule_is_said(phone, bridge):
    _open(phone, bridge, "settings")
    phone.until("document.getElementById('plant_unit')")
    assert phone.outside() == []
    assert phone.run("document.getElementById('mqtt_password').placeholder") == "not set"
    phone.type("#plant_unit", "999")
    phone.press("#form .main")
    phone.until("!document.querySelector('#form .error').hidden")
    assert phone.text("#form .error") == "plant_unit must be 1 to 247, not 999."
    assert phone.run("document.getElementById('untested').hidden")
    phone.type("#plant_unit", "3")
    phone.run("document.getElementById('grid_table').value = 'ripple'")
    phone.press("#form .main")
    phone.until("document.querySelector('#done b').textContent === 'Saved'")
    assert sorted(phone.text("#done span").split(", ")) == ["grid_table", "plant_unit"]
    assert phone.text("#form .error") == ""
    phone.open(f"http://{bridge.host}/settings")
    phone.until("document.getElementById('plant_unit')?.value === '3'")
    assert phone.run("document.getElementById('grid_table').value") == "ripple"
    phone.type("#plant_unit", "247")
    phone.run("document.getElementById('grid_table').value = 'off'")
    phone.press("#form .main")
    phone.until("document.querySelector('#done b').textContent === 'Saved'")
    assert bridge.json("settings")["settings"]["plant_unit"] == 247
    assert phone.problems == []


def test_the_own_table_of_the_contacts_is_edited_row_by_row(phone, bridge):
    """Proves: DRM-1"""
    _open(phone, bridge, "settings")
    phone.until("document.getElementById('grid_rows')")
    phone.run("document.getElementById('row0100').closest('details').open = true")
    phone.type("#row0100", "p60 = EVU")
    phone.type("#row0010", "p300")
    assert phone.run("document.getElementById('grid_rows').value") == "0100 p60 = EVU; 0010 p300"
    phone.press("#form .main")
    phone.until("!document.querySelector('#form .error').hidden")
    assert phone.text("#form .error") == "grid_rows row 0010: p must be a whole number, 0 to 100."
    phone.type("#row0010", "p30")
    phone.press("#form .main")
    phone.until("document.querySelector('#done b').textContent === 'Saved'")
    assert bridge.json("settings")["settings"]["grid_rows"] == "0100 p60 = EVU; 0010 p30"
    phone.open(f"http://{bridge.host}/settings")
    phone.until("document.getElementById('row0100')?.value === 'p60 = EVU'")
    assert phone.run("document.getElementById('row1111').value") == ""
    assert phone.problems == []


def test_a_broker_that_lets_nobody_in_is_kept_only_if_a_person_says_so(phone, bridge):
    with socketserver.TCPServer(("127.0.0.1", 0), _WebServer) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        _open(phone, bridge, "settings")
        phone.until("document.getElementById('mqtt_host')")
        phone.type("#mqtt_host", "127.0.0.1")
        phone.type("#mqtt_port", str(web.server_address[1]))
        phone.press("#form .main")
        phone.until("!document.querySelector('#form .error').hidden")
        web.shutdown()
    assert phone.text("#form .error").startswith("The broker: ")
    assert "web server" in phone.text("#form .error")
    assert bridge.json("settings")["settings"]["mqtt_host"] == ""
    assert not phone.run("document.getElementById('untested').hidden")
    phone.press("#untested input")
    phone.press("#form .main")
    phone.until("document.querySelector('#done b').textContent === 'Saved'")
    assert bridge.json("settings")["settings"]["mqtt_host"] == "127.0.0.1"
    assert phone.run("document.getElementById('untested').hidden")
    assert phone.problems == []


def test_the_live_page_says_at_once_what_is_wrong_and_all_else_in_words(phone, bridge):
    _open(phone, bridge, "status")
    phone.until("[...document.querySelectorAll('#plant td')].some((td) => td.textContent === 'running')")
    assert phone.text("#plant tr:first-child td:nth-child(2)").strip() == "running"
    phone.until("document.querySelector('#verdict b').textContent === 'No answer from sensor'")
    assert phone.outside() == []
    assert "bad" in phone.run("document.getElementById('verdict').className")
    assert phone.text("#verdict span") == "Check power, cable, unit number and rate."
    assert [phone.text("#limit"), phone.text("#why"), phone.text("#flow")] == ["None", "Nobody limits", "no good value"]
    assert phone.run("document.querySelectorAll('.strip div').length") == 4
    phone.press("#plant + .more")
    rows = "[...document.querySelectorAll('#plant tr')].map((tr) => [...tr.cells].map((td) => td.textContent.trim()))"
    phone.until(f"{rows}.some((row) => row[0] === 'EMS mode' && row[1] === 'maximum self-consumption')")
    phone.until(f"{rows}.some((row) => row[0] === 'Off grid' && row[1] === 'on-grid')")
    assert phone.outside() == []
    phone.press("#lights summary")
    phone.until("document.querySelectorAll('.legend li').length > 10")
    assert phone.outside() == []
    assert phone.problems == []


def test_a_file_that_is_no_bundle_is_refused_after_the_question(phone, bridge, tmp_path):
    (tmp_path / "photo.bin").write_bytes(b"\xff\xd8" * 3000)
    _open(phone, bridge, "status")
    phone.choose_file("#bundle", tmp_path / "photo.bin")
    phone.press("#update .main")
    phone.until("document.querySelector('#update .main').textContent === 'Install it all the same'")
    assert bridge.json("status")["update_state"] == "idle"
    phone.press("#update .main")
    phone.until("!document.querySelector('#update .error').hidden && document.getElementById('bar').hidden")
    assert phone.text("#update .error").startswith("The file ")
    assert phone.problems == []


def test_a_bundle_is_asked_about_sent_with_its_progress_and_installed(phone, tmp_path):
    """Proves: OTA-1, OTA-2+"""
    path = bundle.make(build.build("host", quiet=True), "host", "9.8.7", tmp_path / "new.bundle")
    with Bridge(tmp_path / "root", NETWORKS, settings={"require_signature": False}, heap="1m") as b:
        b.await_portal()
        _open(phone, b, "status")
        phone.choose_file("#bundle", path)
        phone.press("#update .main")
        phone.until("document.querySelector('#update .main').textContent === 'Install it all the same'")
        assert phone.text("#update .error") == (
            "The file is not signed: whoever made it can do anything with the bridge. "
            "Install it only if you know where it comes from."
        )
        assert not (tmp_path / "root" / "a.slot").exists()
        phone.run(
            "window.seen = []; new MutationObserver(() => seen.push(document.getElementById('told').textContent))"
            ".observe(document.getElementById('told'), {childList: true})"
        )
        phone.press("#update .main")
        phone.until("/^Installed/.test(document.getElementById('told').textContent)")
        assert phone.run("seen.some((text) => /^(Sending, [0-9]+ %|Checking …)$/.test(text))")
        assert b.ended() == 75
        assert phone.problems == []
        phone.until("!document.getElementById('lost').hidden")
        assert phone.text("#lost") == ("No contact with the bridge. Are you still on its hotspot? Trying again …")
    assert b'"version":"9.8.7"' in (tmp_path / "root" / "a.slot").read_bytes()[:300]


def test_damaged_settings_are_said_and_a_person_decides(phone, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings").write_bytes(b"record1 00000000\n{}")
    with Bridge(tmp_path, NETWORKS, heap="1m") as b:
        b.await_portal()
        _open(phone, b, "status")
        phone.until("document.querySelector('#verdict b').textContent === 'Damaged: settings'")
        _open(phone, b, "settings")
        phone.until("document.querySelector('#form .main').textContent === 'This counts from now on'")
        assert phone.outside() == []
        for number in (1, 2):  # else new roles bring a new start
            phone.run(f"document.getElementById('rs485_{number}_role').value = 'off'")
        phone.press("#form .main")
        phone.until(
            "document.querySelector('#form .main')?.textContent === 'Save' && document.getElementById('plant_unit')"
        )
        assert b.json("settings")["damaged"] == ""
        assert phone.problems == []
