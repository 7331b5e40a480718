"""Each library folder on its own: what its package.json installs is what it needs, and its examples run as they stand.

They run under MicroPython on what MicroPython's own installer, mip, has fetched, with nothing else of the tree but the
line of the host board.
"""

import ast
import fnmatch
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import packages
import ptys
import pytest
from bridgectl import firmware
from bridgectl.docs.packages import needed
from example_process import Running, fetched
from free_ports import free_port
from interpreter import micropython
from patience import HANG_S, undisturbed
from server_process import raw, sealed

firmware.load()
sys.path.append(str(firmware.ROOT / "host_tests" / "rigs" / "unix"))

import tiny_bundle  # noqa: E402
from bridgectl.site.house import House  # noqa: E402
from bridgectl.site.meter import Meter  # noqa: E402
from bridgectl.site.wire import PtyWire  # noqa: E402

EXAMPLES = sorted(path for path in packages.LIB.rglob("example*.py"))
# unit 1 asks for two input registers from 0: 230 V
ASKED = sealed(bytes.fromhex("010400000002"))
ANSWERED = sealed(bytes.fromhex("01040443660000"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return {name: folder with a package and nothing else}, as mip fetched it."""
    return {name: packages.install(name, tmp_path_factory.mktemp(name.replace("/", "_"))) for name in packages.NAMES}


@pytest.mark.parametrize("name", packages.NAMES)
def test_a_package_names_all_that_its_modules_import_and_nothing_else(name):
    assert packages.urls(name) == needed(name)


def test_every_library_folder_has_a_readme_a_package_and_an_example_of_sixty_lines_at_most():
    for folder in {path.parent for path in packages.LIB.rglob("*.py")} - {packages.LIB}:
        assert (folder / "README.md").is_file() and (folder / "package.json").is_file(), folder
        assert list(folder.glob("example*.py")), f"{folder} has no example"
    assert [path.name for path in EXAMPLES if len(path.read_text().splitlines()) > 60] == []


@pytest.mark.parametrize("name", packages.NAMES)
def test_the_readme_of_a_folder_has_a_picture_and_names_every_module(name):
    readme = (packages.LIB / name / "README.md").read_text()
    assert any(sign in readme for sign in ("─►", "-->", "|##")), "no picture"
    named = set(re.findall(r"`(\w+\*?)(?:\.py)?`", readme))
    stems = [path.stem for path in (packages.LIB / name).glob("*.py")]
    assert [stem for stem in stems if not any(fnmatch.fnmatch(stem, word) for word in named)] == []


def test_every_example_is_run_by_a_test():
    named = {text for path in (firmware.ROOT / "host_tests" / "lib").rglob("test_*.py") for text in _texts(path)}
    assert [path for path in EXAMPLES if path.relative_to(packages.LIB).as_posix() not in named] == []


def _texts(path):
    return [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize("name", packages.NAMES)
def test_every_module_of_an_installed_package_can_be_imported(installed, name):
    modules = [target[:-3].replace("/", ".") for target in packages.urls(name)]
    code = "\n".join(f"import {module}" for module in modules)
    environment = {**os.environ, "MICROPYPATH": f"{installed[name]}:.frozen"}
    command = [micropython(), "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done.stderr


# -- modbus ----------------------------------------------------------------------------


def test_a_read_is_made_and_its_reply_judged(installed):
    def said(*reply):
        with Running(installed["modbus/wire"], "modbus/wire/example.py", *reply) as example:
            return example.output().splitlines()

    assert said() == [
        "rtu 01 04 00 00 00 02 71 cb",
        "tcp 00 01 00 00 00 06 01 04 00 00 00 02",
        "takes 44985 us at 9600 bps if the slave thinks 20 ms",
        "reply ok [17254, 0]",
    ]
    assert said("010404436600000e1e")[-1] == "reply bad CRC []"
    assert said(sealed(bytes.fromhex("018402")).hex())[-1] == "reply exception 2, illegal data address []"


def test_the_pace_of_a_slave_that_needs_120_ms_of_rest_is_learned(installed):
    with Running(installed["modbus/pace"], "modbus/pace/example.py", 20, 120) as example:
        said = example.output().splitlines()
    assert said[0] == "     0 ms: rest 1000 ms" and said[4] == "  3894 ms: rest 1000 ms"  # after the first loss
    assert said[-2].startswith("3 lost ") and "'rest_ms': 135" in said[-2] and "'think_ms': 20" in said[-2]
    assert said[-1] == "[(0, 14, 250), (70, 2, 250), (342, 2, 250)]"


def test_the_master_reads_a_meter_and_tells_its_pace(installed):
    told, counts = undisturbed(
        lambda: _three_rounds(installed), lambda found: not (found[1].unanswered or found[1].collisions)
    )
    assert "'V': 2" in told and "'kWh': " in told and "'timeout_ms'" in told
    assert told.endswith("[(0, 14, 250), (70, 2, 250), (342, 2, 250)]")
    assert counts.unanswered == 0 and counts.collisions == 0


def _three_rounds(installed):
    with PtyWire(Meter(House()), think_ms=20, in_lumps=True) as wire:
        with Running(installed["modbus/master"], "modbus/master/example.py", wire.path) as example:
            for _ in range(3):
                told = example.line("ok ")
        return told, wire.counts


def test_a_tcp_client_reads_the_meter_through_the_gateway(installed):
    port = free_port()
    with PtyWire(Meter(House()), think_ms=20, in_lumps=True) as wire:
        with Running(installed["modbus/gateway"], "modbus/gateway/example.py", wire.path, port) as example:
            example.line("unit = slave")
            with socket.create_connection(("127.0.0.1", port), HANG_S) as client:
                until_s, reply = time.monotonic() + HANG_S, b""
                while reply[7:8] != b"\x04" and time.monotonic() < until_s:  # a busy machine may keep the meter silent
                    client.sendall(bytes.fromhex("0001 0000 0006 01 04 0000 0002"))
                    reply = client.recv(100)
                assert reply[:9] == bytes.fromhex("0001 0000 0007 01 04 04") and reply[9] == 0x43
                client.sendall(bytes.fromhex("0002 0000 0006 01 06 0000 0002"))
                assert client.recv(100) == bytes.fromhex("0002 0000 0003 01 86 01")


def test_the_slave_keeps_what_it_is_told(installed):
    with (
        ptys.Pair() as pair,
        Running(installed["modbus/server"], "modbus/server/example.py", pair.right),
        raw(pair.left) as w,
    ):
        deadline = time.monotonic() + HANG_S
        while not w.ask("0300000002", 1, 0.3):
            assert time.monotonic() < deadline
        assert w.ask("10000100010212ab", 1) == "1000010001"
        assert w.ask("0300000002", 1) == "0304000012ab"


def test_the_listener_tells_who_asks_whom_for_what(installed):
    with ptys.Pair() as pair, raw(pair.left) as others:
        with Running(installed["modbus/listen"], "modbus/listen/example.py", pair.right, 60) as example:
            deadline, told = time.monotonic() + HANG_S, None
            while not told:  # it hears nothing before it has opened the line
                assert time.monotonic() < deadline, example.said
                others.put(ASKED)
                time.sleep(0.03)
                others.put(ANSWERED)
                told = example.says("43660000", 0.3)
            assert told == "unit 1 function 4: 0+2 ok 43660000"


def test_the_finder_finds_the_meter(installed):
    told = undisturbed(lambda: _found(installed), lambda told: "parity N" in told)  # a pseudo-terminal has none
    assert told == "a meter with 230 V: unit 1 at 9600 bps, parity N (register 0 holds a mains voltage)"


def _found(installed):
    with PtyWire(Meter(House()), think_ms=5, in_lumps=True) as wire:
        with Running(installed["modbus/find"], "modbus/find/example.py", wire.path) as example:
            return example.line("a meter with 230 V")


# -- the others --------------------------------------------------------------------------


def test_the_web_server_greets_keeps_a_note_and_counts_an_upload(installed):
    web = free_port()
    with Running(installed["http"], "http/example.py", "127.0.0.1", web) as example:
        example.line("ready")
        assert fetched(web, b"GET /hello/y%6Fu HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\nHello, you\n")
        assert fetched(web, b"PUT /note HTTP/1.1\r\nContent-Length: 4\r\n\r\nmilk").endswith(b"kept\n")
        assert fetched(web, b"GET /note HTTP/1.1\r\n\r\n").endswith(b"Content-Length: 5\r\n\r\nmilk\n")
        assert b" 413 " in fetched(web, b"PUT /note HTTP/1.1\r\nContent-Length: 201\r\n\r\n" + b"x" * 201)
        upload = b"PUT /count HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300000
        assert fetched(web, upload).endswith(b"\r\n\r\n300000 bytes\n")


def test_the_portal_answers_names_pages_and_probes(installed):
    web, names = free_port(), free_port()
    with Running(installed["captive"], "captive/example.py", "127.0.0.1", web, names) as example:
        example.line("ready")
        query = bytes.fromhex("1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
            resolver.settimeout(HANG_S)
            resolver.sendto(query, ("127.0.0.1", names))
            assert resolver.recv(512).endswith(b"\0\4\x7f\0\0\1")
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=HANG_S) as page:
            assert page.read() == b"This is the page.\n"
        assert fetched(web, b"GET /generate_204 HTTP/1.1\r\nHost: a.example\r\n\r\n") == (
            b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:%d/\r\n\r\n" % web
        )
        assert fetched(web, b"GET / HTTP/1.1\r\nno header\r\n\r\n") == b"HTTP/1.0 400 Refused\r\n\r\n"


def test_the_counted_starts_survive_and_a_damaged_record_does_no_harm(installed, tmp_path):
    def said():
        with Running(installed["store"], "store/example.py", tmp_path / "data") as example:
            return example.output()

    assert said().splitlines()[-1] == "start number 1"
    assert said() == "written True\nwritten False (the same was there: no flash was worn)\nstart number 2\n"
    for record in (tmp_path / "data" / "starts", tmp_path / "starts"):
        record.write_bytes(b"damaged")
    assert said().splitlines()[-1] == "start number 1"


def test_the_noted_starts_survive_and_a_damaged_one_is_passed_over(installed, tmp_path):
    def said():
        with Running(installed["store"], "store/example_journal.py", f"{tmp_path}/starts/") as example:
            return example.output().splitlines()

    assert said() == ["entry 1 priority 1 a start", "kept 1"]
    assert said()[-1] == "kept 2"
    (grown,) = (tmp_path / "starts").iterdir()
    assert grown.name == "00000001-"
    grown.write_bytes(b"damaged!" + grown.read_bytes()[8:])
    assert said() == ["entry 2 priority 1 a start", "entry 3 priority 1 a start", "kept 3"]


def test_a_bundle_is_installed_on_trial_and_a_damaged_one_refused(installed, tmp_path):
    def said(bundle):
        path = tmp_path / "bundle"
        path.write_bytes(bundle)
        words = (tmp_path, path, tiny_bundle.PRODUCT, tiny_bundle.BOARD)
        with Running(installed["slots"], "slots/example.py", *words) as example:
            return example.output().splitlines()

    good = tiny_bundle.bundle("1.0.0")
    assert said(good[:-1] + bytes([good[-1] ^ 1]))[0].startswith("refused: ")
    assert not (tmp_path / "slot_state").exists()
    assert said(good) == [
        "1.0.0 is in slot a and starts next, on trial",
        "on trial: True",
        "on trial: False - the next bundle goes to slot b",
    ]
    assert (tmp_path / "a.slot").read_bytes() == tiny_bundle.slot("1.0.0")
