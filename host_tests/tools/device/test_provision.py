"""Provisioning: rules of the serial number, passwords that are unique, a record that the firmware reads."""

import re
import subprocess

import pytest
from bridgectl.bench.port import PortError
from bridgectl.device import build, provision
from patience import HANG_S
from portal_rig import Bridge


def test_each_bridge_gets_a_password_of_its_own_that_wpa2_takes():
    """Proves: PRV-3+"""
    made = {provision.password() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}", p) for p in made)


def test_the_password_is_not_derived_from_the_serial_number():
    """Proves: PRV-3+"""
    assert provision.identity("SN1")["hotspot_password"] != provision.identity("SN1")["hotspot_password"]


@pytest.mark.parametrize("sn", ["", "x" * 33, "SN 1", "SN/1", "SN+1", "SN#", "ÄSN", "SN\n", "SN'; import os"])
def test_a_serial_number_with_other_characters_is_refused(sn, tmp_path):
    with pytest.raises(provision.ProvisionError, match="serial number"):
        provision.into_folder(tmp_path, sn)
    assert list(tmp_path.iterdir()) == []


def test_the_firmware_opens_a_hotspot_with_what_was_provisioned(tmp_path):
    """Proves: PRV-1, PRV-3+"""
    device = provision.into_folder(tmp_path, "MY-SERIAL-01")
    assert oct((tmp_path / "data" / "device").stat().st_mode)[-3:] == "600"
    with Bridge(tmp_path, device=None) as bridge:
        bridge.await_log("hotspot MY-SERIAL-01 is open")
        bridge.await_portal()
        assert not any(device["hotspot_password"] in line for line in bridge.log)


def test_a_provisioned_bridge_is_not_overwritten_by_mistake(tmp_path):
    first = provision.into_folder(tmp_path, "SN1")
    before = (tmp_path / "data" / "device").read_bytes()
    with pytest.raises(provision.ProvisionError, match="--replace"):
        provision.into_folder(tmp_path, "SN2")
    assert (tmp_path / "data" / "device").read_bytes() == before
    assert provision.into_folder(tmp_path, "SN1", replace=True) != first


def test_the_label_has_what_a_phone_needs():
    """Proves: PRV-3+"""
    text = provision.label({"sn": "SN1", "hotspot_password": "abcd-efgh"})
    assert text.splitlines() == [
        "SN        SN1",
        "Hotspot   SN1",
        "Password  abcd-efgh",
        "Page      http://192.168.4.1/",
        "WLAN code WIFI:T:WPA;S:SN1;P:abcd-efgh;;",
    ]


def test_a_dry_run_shows_the_command_and_makes_no_password(capsys, tmp_path):
    """Proves: BEN-2"""
    provision.run("/dev/ttyACM0", "SN1", dry_run=True)
    shown = capsys.readouterr().out
    assert "mpremote connect /dev/ttyACM0" in shown
    assert ":/data/device.new" in shown
    assert "Password" not in shown


def test_a_port_that_is_not_there_is_explained():
    with pytest.raises(PortError, match="ttyNONE"):
        provision.onto_board("/dev/ttyNONE9", "SN1")


def on_board(code):
    """Run a piece of what mpremote sends in the unix port; return what it printed as an error."""
    done = subprocess.run(
        [build.micropython(), "-c", code], capture_output=True, text=True, timeout=HANG_S, check=False
    )
    return done.stderr + done.stdout


def test_what_runs_on_the_board_takes_a_whole_record_only(tmp_path):
    root = f"{tmp_path}/"
    free, settle = provision._FREE, provision._SETTLE
    assert on_board(free.format(root=root, replace=False)) == ""
    (tmp_path / "data" / "device.new").write_bytes(b"record1 half")
    assert "did not arrive whole" in on_board(settle.format(root=root, crc=1))
    assert not (tmp_path / "data" / "device").exists()

    source = tmp_path / "source"
    device = provision.into_folder(source, "SN1")
    path = source / "data" / "device"
    (tmp_path / "data" / "device.new").write_bytes(path.read_bytes())
    assert on_board(settle.format(root=root, crc=provision._crc(path))) == ""
    assert provision.record.load(str(tmp_path / "data" / "device")) == device

    assert "provisioned already" in on_board(free.format(root=root, replace=False))
    assert on_board(free.format(root=root, replace=True)) == ""
