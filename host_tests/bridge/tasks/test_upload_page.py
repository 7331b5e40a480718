"""What the page says before it sends a bundle, run by node without a browser."""

import json
import shutil
import subprocess

import pytest
from bridgectl import firmware
from patience import HANG_S

WEB = firmware.ROOT / "firmware" / "bridge" / "web"
RIG = firmware.ROOT / "host_tests" / "rigs" / "node" / "upload_page.js"
RISK = ": whoever made it can do anything with the bridge. Install it only if you know where it comes from."


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
@pytest.mark.parametrize(
    ("signature", "said"), [(0, "The file is not signed"), (256, "The file has a signature that nobody has checked")]
)
def test_an_unsigned_bundle_is_sent_only_after_a_warning_was_answered(tmp_path, signature, said):
    """Proves: OTA-2+"""
    path = tmp_path / "bundle"
    path.write_bytes(b"\x89SLOT2\r\n" + bytes(12) + signature.to_bytes(2, "big") + bytes(100))
    command = ["node", str(RIG), str(WEB / "app.js"), str(WEB / "status.js"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done.stderr
    (first, second), sent = json.loads(done.stdout)
    assert first == {"sent": 0, "said": said + RISK, "button": "Install it all the same"}
    assert second == {"sent": 1, "said": "", "button": "Install"}
    assert sent == [["/api/update", 122]]
