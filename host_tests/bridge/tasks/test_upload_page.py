"""What the page says before it sends a bundle, run by node without a browser."""

import json
import shutil
import subprocess

import pytest
from bridgectl import firmware
from patience import HANG_S

WEB = firmware.ROOT / "firmware" / "bridge" / "web"
RIG = firmware.ROOT / "host_tests" / "rigs" / "node" / "upload_page.js"
RISK = (
    "The file is not signed: whoever made it can do anything with the bridge. "
    "Install it only if you know where it comes from."
)


@pytest.fixture
def press(tmp_path):
    """Return a function: what the page shows after two presses on Install, and what it sends."""
    if not shutil.which("node"):
        pytest.skip("needs node")

    def run(signature, answer=""):
        path = tmp_path / "bundle"
        path.write_bytes(b"\x89SLOT2\r\n" + bytes(12) + signature.to_bytes(2, "big") + bytes(100))
        command = ["node", str(RIG), str(WEB / "app.js"), str(WEB / "status.js"), str(path), answer]
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_an_unsigned_bundle_is_sent_only_after_a_warning_was_answered(press):
    """Proves: OTA-2+"""
    (first, second), sent = press(0)
    assert first == {"sent": 0, "said": RISK, "button": "Install it all the same"}
    assert second == {"sent": 1, "said": "", "button": "Install"}
    assert sent == [["/api/update", 122, "all the same"]]


def test_a_signed_bundle_is_sent_at_once_and_the_bridge_says_whose_it_is(press):
    """Proves: OTA-2+"""
    (first, _), sent = press(
        392, json.dumps({"ok": False, "errors": {"signature": "is not that of the key which it names"}})
    )
    assert (first["said"], first["button"]) == ("The signature is not that of the key which it names.", "Install")
    assert sent == [["/api/update", 122]] * 2


def test_what_the_bridge_leaves_to_a_person_is_sent_again_once_that_was_answered(press):
    """Proves: OTA-2+"""
    rule = "cannot be checked, and nobody said that this bundle is wanted all the same"
    (first, _), sent = press(392, json.dumps({"ok": False, "errors": {"signature": rule}}))
    assert first["button"] == "Install it all the same"
    assert sent == [["/api/update", 122], ["/api/update", 122, "all the same"]]
