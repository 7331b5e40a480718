# heap: 192k
"""The host board: its files, its radio, its watchdog. The ttys are tested with real pseudo-terminals in test_run.py."""

import os
import time

import board

_FOLDER = "build/test_host_board"


def _site():
    """Return the path of an empty site folder, named in the environment."""
    path = _FOLDER + "/" + os.urandom(6).hex()
    for folder in ("build", _FOLDER, path):
        try:
            os.mkdir(folder)
        except OSError:  # it is there
            pass
    os.putenv("BRIDGE_SITE", path)
    os.putenv("BRIDGE_ROOT", path)
    os.putenv("BRIDGE_RS485_1", "")
    os.putenv("BRIDGE_RS485_2", "")
    return path


def _put(path, text):
    try:
        file = open(path, "r+")
    except OSError:
        file = open(path, "w")
    with file:
        file.write(text)


def _text(path):
    with open(path) as file:
        return file.read()


def _exit_code(function, *arguments):
    try:
        function(*arguments)
    except SystemExit as end:
        return end.args[0]
    return None


def _refusal(function, *arguments):
    try:
        function(*arguments)
    except ValueError as e:
        return str(e)
    return None


def test_contacts_and_button_come_from_files():
    site = _site()
    b = board.Board()
    assert b.inputs() == 0 and not b.button()
    for text, mask in (("10000", 1), ("01000", 2), ("00001", 16), ("11111", 31), ("00000", 0)):
        _put(site + "/inputs", text + "\n")
        assert b.inputs() == mask
    _put(site + "/button", "1\n")
    assert b.button()


def test_rubbish_in_the_files_is_no_contact():
    site = _site()
    b = board.Board()
    for text in ("", "x", "banana and much more than one line can hold", "\0\0\0\0\0"):
        with open(site + "/inputs", "w") as file:
            file.write(text)
        assert b.inputs() == 0


def test_outputs_strip_and_modem_are_written():
    site = _site()
    b = board.Board()
    b.set_outputs(2)
    assert _text(site + "/outputs") == "01\n"
    b.set_outputs(0)
    assert _text(site + "/outputs") == "00\n"
    b.modem_leds(3)
    assert _text(site + "/modem") == "11\n"
    b.show(bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 0x9A, 0xEF)))
    assert _text(site + "/strip") == "ff0000 00ff00 0000ff 019aef\n"
    assert _refusal(b.show, bytes(3))


def test_using_the_board_allocates_nothing():
    import micropython

    _site()
    b = board.Board()
    line = b.rs485(2, 9600, "N")
    rgb = bytearray(12)
    buffer = bytearray(64)
    feed = b.watchdog(8000).feed
    b.inputs()
    micropython.heap_lock()
    try:
        b.inputs()
        b.button()
        b.set_outputs(1)
        b.show(rgb)
        feed()
        line.any()
        line.readinto(buffer, 64)
    finally:
        micropython.heap_unlock()


def test_without_a_site_nothing_is_closed_and_nothing_breaks():
    os.putenv("BRIDGE_SITE", "")
    b = board.Board()
    b.set_outputs(3)
    b.modem_leds(3)
    b.show(bytes(12))
    assert b.inputs() == 0 and not b.button()
    assert b.wlan().scan() == []
    assert b.lan() is None and b.modem() is None


def test_a_port_without_wire_hears_nothing_and_sends_in_its_time():
    _site()
    line = board.Board().rs485(1, 9600, "N")
    start = time.ticks_ms()
    line.send(bytearray(8), 8)
    assert time.ticks_diff(time.ticks_ms(), start) == 8
    assert line.any() == 0 and line.readinto(bytearray(8), 8) == 0


def test_a_missing_tty_fails_at_sending_not_at_listening():
    """Proves: REL-1+"""
    _site()
    os.putenv("BRIDGE_RS485_1", "build/test_host_board/no-such-tty")
    line = board.Board().rs485(1, 9600, "N")
    assert line.any() == 0
    try:
        line.send(bytearray(8), 8)
    except OSError:
        return
    raise AssertionError("a missing tty was not noticed")


def test_a_listening_port_refuses_to_send():
    """Proves: COM-8+"""
    _site()
    line = board.Board().rs485(1, 9600, "N")
    line.transmit_off()
    try:
        line.send(bytearray(8), 8)
    except OSError:
        return
    raise AssertionError("sent while listening")


def test_rates_above_9600_are_refused_with_the_reason():
    """Proves: COM-7"""
    _site()
    b = board.Board()
    assert "9600" in _refusal(b.rs485, 1, 19200, "N")
    assert _refusal(b.rs485, 1, 9601 - 2, "N")
    assert "N, E or O" in _refusal(b.rs485, 1, 9600, "X")
    assert _refusal(b.rs485, 3, 9600, "N")


def test_a_starved_watchdog_ends_the_process_with_75():
    _site()
    b = board.Board()
    dog = b.watchdog(8000)
    for _ in range(4):
        time.pass_ms(7000)
        dog.feed()
        b.inputs()
    time.pass_ms(8001)
    assert _exit_code(b.inputs) == 75
    assert board.Board().reset_cause() == "watchdog"
    assert board.Board().reset_cause() == "power"


def test_a_restart_opens_the_outputs_and_ends_with_75():
    """Proves: CTL-7+"""
    site = _site()
    b = board.Board()
    assert b.reset_cause() == "power"
    b.set_outputs(3)
    assert _exit_code(b.restart) == 75
    assert _text(site + "/outputs") == "00\n"
    assert board.Board().reset_cause() == "restart"


def test_a_restart_leaves_a_supervised_task_and_the_loop():
    import asyncio

    import supervisor

    _site()
    b = board.Board()

    async def task(beat):
        beat()
        await asyncio.sleep_ms(10)
        b.restart()

    s = supervisor.Supervisor(b.watchdog(8000))
    s.add("one", task)
    assert _exit_code(asyncio.run, s.run()) == 75


def test_the_number_belongs_to_the_folder():
    _site()
    os.putenv("BRIDGE_ROOT", "one")
    one = board.Board().unique_id()
    os.putenv("BRIDGE_ROOT", "two")
    assert len(one) == 8 and one != board.Board().unique_id()


def test_ports_of_the_hotspot_come_from_the_environment():
    _site()
    os.putenv("BRIDGE_HTTP_PORT", "18081")
    os.putenv("BRIDGE_DNS_PORT", "18053")
    b = board.Board()
    assert (b.http_port, b.dns_port) == (18081, 18053)


def _radio():
    site = _site()
    _put(
        site + "/networks", "Home -61 secret-key\nOpen cafe -80 -\nHome -50 secret-key\nnonsense\n\nFar -90 12345678\n"
    )
    return site, board.Board().wlan()


def test_a_scan_lists_each_network_once_strongest_first():
    _, radio = _radio()
    assert radio.scan() == [("Home", -50, True), ("Open cafe", -80, False), ("Far", -90, True)]


def test_joining_takes_a_moment_and_tells_how_it_ended():
    site, radio = _radio()
    assert (radio.status(), radio.address(), radio.rssi()) == ("off", "", 0)
    for ssid, password, end in (
        ("Home", "secret-key", "joined"),
        ("Home", "wrong-key", "wrong password"),
        ("Nowhere", "x", "not found"),
        ("Open cafe", "", "joined"),
    ):
        radio.join(ssid, password)
        assert radio.status() == "joining" and radio.address() == ""
        time.pass_ms(1000)
        assert radio.status() == end, end
    assert (radio.address(), radio.rssi()) == ("127.0.0.1", -80)
    with open(site + "/networks", "w") as file:
        file.write("Home -50 secret-key\n")
    assert (radio.status(), radio.address(), radio.rssi()) == ("failed", "", 0)
    radio.leave()
    assert radio.status() == "off"


def test_the_hotspot_wants_a_wpa2_password():
    """Proves: PRV-3+"""
    site, radio = _radio()
    assert radio.hotspot_address() == ""
    for ssid, password in (("SN", "1234567"), ("SN", "x" * 64), ("", "12345678"), ("x" * 33, "12345678")):
        assert _refusal(radio.hotspot_open, ssid, password)
    assert radio.hotspot_address() == "" and _text(site + "/hotspot") == "\n"
    radio.hotspot_open("SN", "12345678")
    assert radio.hotspot_address() == "127.0.0.1"
    assert _text(site + "/hotspot") == "SN\n"
    assert radio.hotspot_clients() == 0
    _put(site + "/clients", "2\n")
    assert radio.hotspot_clients() == 2
    radio.hotspot_close()
    assert (radio.hotspot_address(), radio.hotspot_clients()) == ("", 0)
