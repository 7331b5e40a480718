"""Uploads to the page of the real bridge that end too early."""

import json
import random
import socket

from bridgectl.device import build, bundle
from patience import HANG_S
from portal_rig import Bridge, head, read_all, status_of

KB = 1024
FIELDS = {"X_Bridge": "1", "X_Unsigned": "1", "Content_Type": "application/octet-stream"}


def small_bundle(tmp_path):
    """Return the bytes of a bundle of some 30 kB, which nothing can pack smaller."""
    folder = tmp_path / "slot"
    (folder / "web").mkdir(parents=True)
    (folder / "version.mpy").write_bytes((build.build("host", quiet=True) / "version.mpy").read_bytes())
    (folder / "web" / "noise").write_bytes(random.Random(7).randbytes(28 * KB))
    return bundle.make(folder, "host", "9.9.9", tmp_path / "small.bundle").read_bytes()


def cut(bridge, content, size):
    """Send the first bytes of a bundle that is said to be whole; return (status, errors)."""
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=HANG_S) as s:
        s.sendall(head(bridge, "POST /api/update HTTP/1.1", Content_Length=len(content), **FIELDS) + content[:size])
        s.shutdown(socket.SHUT_WR)
        answer = read_all(s)
    return status_of(answer), json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]


def test_an_upload_that_is_cut_at_any_kilobyte_reads_as_a_cut_and_the_next_one_is_taken(tmp_path):
    """Proves: OTA-1, OTA-2+, REL-1+"""
    content = small_bundle(tmp_path)
    with Bridge(tmp_path / "root", heap="430k", settings={"require_signature": False}) as bridge:
        bridge.await_portal()
        for size in range(0, len(content), KB):
            assert cut(bridge, content, size) == (400, {"request": "is cut short"}), size
            status = bridge.json("status")
            assert (status["update_state"], status["update_text"]) == ("refused", "the upload broke off"), size
        assert not [line for line in bridge.log if " E " in line or "Memory" in line or "fault" in line]
        assert bridge.ask("POST", "/api/update", content, {"X-Unsigned": "1"}, timeout_s=HANG_S)[0] == 200
        assert bridge.json("status")["update_state"] == "installed"
