import chip


def _radio(name):
    chip.play(name)
    import network
    from board import Board

    network.air[:] = [
        ["house", "house-key", -61],
        ["far", "far-away-key", -88],
        ["house", "house-key", -45],
        ["cafe", "", -70],
        ["", "hidden-key", -50],
        [None, "rubbish", -40],
    ]
    return Board().wlan()


def _after(ms):
    import time

    time.pass_ms(ms)


def _scan(name):
    radio = _radio(name)
    assert radio.scan() == [("house", -45, True), ("cafe", -70, False), ("far", -88, True)]
    assert radio.status() == "off"


def test_a_scan_on_rp2040_lists_each_name_once_and_the_strongest_first():
    _scan("rp2040")


def test_a_scan_on_esp32_lists_each_name_once_and_the_strongest_first():
    _scan("esp32")


def _join(name):
    import network

    radio = _radio(name)
    assert (radio.status(), radio.address(), radio.rssi()) == ("off", "", 0)
    radio.join("house", "house-key")
    assert radio.status() == "joining"
    _after(2600)
    assert (radio.status(), radio.address()) == ("joining", "")  # no address yet
    _after(500)
    assert (radio.status(), radio.address(), radio.rssi()) == ("joined", "127.0.0.1", -61)
    network.air[:] = []
    assert radio.status() in ("not found", "failed")
    assert (radio.address(), radio.rssi()) == ("", 0)
    radio.leave()
    assert radio.status() == "off"


def test_the_rp2040_joins_and_notices_when_the_network_goes():
    _join("rp2040")


def test_the_esp32_joins_and_notices_when_the_network_goes():
    _join("esp32")


def _fails(name):
    radio = _radio(name)
    for ssid, password, word in (
        ("house", "wrong-key", "wrong password"),
        ("nowhere", "some-key", "not found"),
        ("house", "house-key", "joined"),
        ("cafe", "", "joined"),
        ("house", "wrong-key", "wrong password"),
    ):
        radio.join(ssid, password)
        assert radio.status() == "joining"
        _after(4000)
        assert radio.status() == word, (ssid, password, radio.status())


def test_the_rp2040_says_why_a_join_failed_and_may_try_again():
    _fails("rp2040")


def test_the_esp32_says_why_a_join_failed_and_may_try_again():
    _fails("esp32")


def _joins_twice(name):
    radio = _radio(name)
    radio.join("house", "house-key")
    _after(100)
    radio.join("cafe", "")  # while the first is under way
    _after(4000)
    assert radio.status() == "joined"
    assert radio.rssi() == -70


def test_a_join_replaces_one_that_is_under_way_on_rp2040():
    _joins_twice("rp2040")


def test_a_join_replaces_one_that_is_under_way_on_esp32():
    _joins_twice("esp32")


def _hotspot(name, security):
    import network

    radio = _radio(name)
    assert (radio.hotspot_address(), radio.hotspot_clients()) == ("", 0)
    radio.hotspot_open("SN12345678", "own-password")
    assert network.hotspot() == ("SN12345678", "own-password", security)
    assert radio.hotspot_address() == "127.0.0.1"
    network.clients.append(b"\x02\0\0\0\0\1")
    assert radio.hotspot_clients() == 1
    radio.hotspot_close()
    radio.hotspot_close()
    assert network.hotspot() is None
    assert (radio.hotspot_address(), radio.hotspot_clients()) == ("", 0)


def test_the_hotspot_of_the_rp2040_has_wpa2_without_tkip():
    """Proves: PRV-3+"""
    _hotspot("rp2040", 0x00400004)


def test_the_hotspot_of_the_esp32_has_wpa2():
    """Proves: PRV-3+"""
    _hotspot("esp32", 3)


def test_a_hotspot_without_a_password_of_its_own_is_refused():
    """Proves: PRV-3+"""
    import network

    radio = _radio("esp32")
    for ssid, password, word in (
        ("SN1", "", "password"),
        ("SN1", "1234567", "password"),
        ("SN1", "x" * 64, "password"),
        ("", "12345678", "name"),
        ("n" * 33, "12345678", "name"),
        ("ü" * 17, "12345678", "name"),
    ):
        try:
            radio.hotspot_open(ssid, password)
        except ValueError as e:
            assert word in str(e)
        else:
            raise AssertionError((ssid, password))
    assert network.hotspot() is None


def test_the_radio_of_the_pico_w_never_saves_power():
    import network

    radio = _radio("rp2040")
    radio.scan()
    assert network.station_profile() == {"pm": network.WLAN.PM_NONE}
    radio.hotspot_open("SN12345678", "own-password")
    assert network._interfaces[1].profile["pm"] == network.WLAN.PM_NONE


def test_the_esp32_does_not_retry_by_itself():
    import network

    _radio("esp32").scan()
    assert network.station_profile() == {"reconnects": 0, "pm": network.WLAN.PM_NONE}


def test_a_dead_radio_is_an_os_error_with_the_number_of_the_port():
    import network

    radio = _radio("rp2040")
    network.dead = True
    for act in (radio.scan, lambda: radio.join("house", "house-key"), lambda: radio.hotspot_open("SN1", "12345678")):
        try:
            act()
        except OSError as e:
            assert e.errno == -110
        else:
            raise AssertionError("nothing was said")
    assert radio.status() == "off"


def test_a_scan_of_ten_seconds_does_not_starve_the_watchdog_of_the_rp2040():
    """Proves: REL-1+"""
    chip.play("rp2040")
    import board
    import network

    it = board.Board()
    it.watchdog(8000)
    radio = it.wlan()
    network.scan_ms = 10000
    radio.scan()  # raises chip.PowerDown when the watchdog bites


def test_a_scan_that_never_ends_is_a_hang_like_any_other():
    """Proves: REL-1+"""
    chip.play("rp2040")
    import board
    import network

    it = board.Board()
    it.watchdog(8000)
    radio = it.wlan()
    network.scan_ms = 60000
    try:
        radio.scan()
    except chip.PowerDown as e:
        assert e.cause == "watchdog"
        return
    raise AssertionError("it was fed for ever")
