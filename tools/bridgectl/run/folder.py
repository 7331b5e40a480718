"""The folder of a run: the bridge's flash as a tree of files, and the small files that stand for its contacts."""

import contextlib
import fcntl
import shutil
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import slot

record = firmware.records()

SN = "SIM-000001"
NETWORK = ("Simulated home", "not-a-secret")
HOTSPOT_PASSWORD = "simulated-hotspot"
_NETWORKS = f"{NETWORK[0]} -52 {NETWORK[1]}\nNeighbour -78 somebody-elses\nOpen cafe -84 -\n"
_SETTINGS = {
    "grid_table": "ripple",
    "publish_ms": 1000,
    "wlan_ssid": NETWORK[0],
    "wlan_password": NETWORK[1],
}
_CONTACTS = 5


class FolderBusy(Exception):
    """Another run uses the folder."""


class RunFolder:
    """`root` is what the device's flash is: boot.py, main.py, the slots, data/; `site` is the host board's BRIDGE_SITE."""

    def __init__(self, path):
        self.path = Path(path).resolve()
        self.root = self.path / "root"
        self.site = self.path / "site"
        self.log = self.path / "firmware.log"
        self._lock = None

    def make(self, changes, *, keep=False):
        """Make the flash anew with the built slot as a.slot and `changes` in its settings; keep: settings of old stay.

        Raises FolderBusy and build.BuildError.
        """
        content = slot.built("host")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = open(self.path / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise FolderBusy(f"another run uses {self.path}; end it or name another folder with --folder") from None
        settings = self.root / "data" / "settings"
        stored = (record.load(str(settings)) if keep else None) or {}
        if not keep:
            shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.site, ignore_errors=True)
        self.site.mkdir()
        self.root.mkdir(exist_ok=True)
        for name, file in {"a.slot": content, **slot.root_files("host")}.items():
            (self.root / name).write_bytes(file)
        settings.parent.mkdir(exist_ok=True)
        record.save(str(settings), {**_SETTINGS, **stored, **changes})
        record.save(str(self.root / "data" / "device"), {"sn": SN, "hotspot_password": HOTSPOT_PASSWORD})
        for name, text in (("inputs", "00000\n"), ("button", "0\n"), ("networks", _NETWORKS)):
            (self.site / name).write_text(text)

    def release(self):
        """Let another run use the folder."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def contacts(self):
        """Return the contacts as they stand, DI1 first, True = closed."""
        text = self.text("inputs")
        return [text[i : i + 1] == "1" for i in range(_CONTACTS)]

    def flip(self, number):
        """Close or open contact DI<number>; return True if it is closed now."""
        contacts = self.contacts()
        contacts[number - 1] = not contacts[number - 1]
        self._write("inputs", "".join("01"[closed] for closed in contacts))
        return contacts[number - 1]

    def press(self, down):
        """Press the button or let it go."""
        self._write("button", "01"[down])

    def strip(self):
        """Return the colours of the LEDs as [(red, green, blue), ...], [] before the first picture."""
        with contextlib.suppress(ValueError):
            return [tuple(bytes.fromhex(led)) for led in self.text("strip").split()]
        return []

    def text(self, name):
        """Return the line in a file of the site, "" if it is not there."""
        try:
            return (self.site / name).read_text().strip()
        except OSError:
            return ""

    def _write(self, name, text):
        with open(self.site / name, "r+") as file:  # in place: the board keeps it open
            file.write(text + "\n")
