"""What an update costs on the emulated RP2040 under the official image; `python -m bridgectl.figures update`.

verify_s, verify_step_ms_max, verify_bytes    a signature that is checked as the installer does it, turn by turn
update_changed_module_bytes                   a bundle of which one module differs from what runs, beside that module alone
install_s, install_thin_s                     from the first byte to the restart, of a whole and of such a bundle
control_gap_ms_max                            how much later a contact is seen while one comes in
bus_loss_during_install                       exchanges of both buses that had no answer meanwhile
"""

import hashlib
import shutil
import tempfile
from pathlib import Path

from bridgectl import firmware
from bridgectl.device import build, bundle, signing
from bridgectl.emulator import profiles, repl
from bridgectl.emulator.chip import Chip
from bridgectl.emulator.rig import Rig, slot_files, with_probe
from bridgectl.emulator.wire import FAULTS
from bridgectl.figures.say import say

_MESSAGE = b'{"product":"sigen-bridge"}'
_ASK = """
import gc, time
def measured(n, digest, s):
    work = verified(n, digest, s)
    while True:
        gc.collect()
        gc.disable()
        at = time.ticks_us()
        before = gc.mem_free()
        try:
            next(work)
        except StopIteration as e:
            return e.value, steps + [time.ticks_diff(time.ticks_us(), at)], taken + [before - gc.mem_free()]
        steps.append(time.ticks_diff(time.ticks_us(), at))
        taken.append(before - gc.mem_free())
steps, taken = [], []
good, steps, taken = measured({n!r}, {digest!r}, {s!r})
print("VERIFIED", good, sum(steps), max(steps), max(taken))
"""


def on_chip(damage=0):
    """Verify a signature on the emulated chip; return (is it good, us in all, us of the longest turn, bytes a turn takes).

    damage: what its last byte is XORed with.
    """
    held = signing.held(signing.DEVELOPMENT)
    block = signing.signer(signing.DEVELOPMENT)(_MESSAGE)
    source = (firmware.ROOT / "lib" / "slots" / "signature.py").read_text()
    digest = hashlib.sha256(_MESSAGE).digest()
    asked = source + _ASK.format(n=signing.modulus(held), digest=digest, s=block[-384:-1] + bytes([block[-1] ^ damage]))
    (told,) = [line for line in repl.run(Chip(), asked.encode()).splitlines() if line.startswith("VERIFIED")]
    _, good, *numbers = told.split()
    return (good == "True", *map(int, numbers))


def bundles(folder):
    """Make a bundle whose one changed module is the one of middle size, whole and without what the running slot holds.

    Return (path of the whole one, of the thin one, name of the module, its bytes compressed as a bundle has them).
    """
    top = Path(folder) / "slot"
    shutil.copytree(build.build("rp2040", quiet=True), top)
    running = bundle.make(top, "rp2040", build.version(), Path(folder) / "running")
    modules = sorted(top.rglob("*.mpy"), key=lambda path: (path.stat().st_size, path))
    module = modules[len(modules) // 2]
    module.write_bytes(module.read_bytes() + b"\x00")  # behind its end: it does the same
    sign = signing.signer(signing.DEVELOPMENT)
    whole = bundle.make(top, "rp2040", "9.9.9", Path(folder) / "whole", sign=sign)
    thin = bundle.thin(whole, bundle.held_by(running), Path(folder) / "thin")
    return whole, thin, module.name, len(bundle.squeezed(module.read_bytes()))


class Installed:
    """A wired Pico W, polling both buses, to which somebody leaves a bundle by USB.

    seconds: from the first byte to the record that lets it start; longest_ms: the updater's longest turn, in which nothing
    else runs; lost: requests without an answer, and faults; least_free_bytes: of memory meanwhile.
    """

    def __init__(self, content):
        """content: the bundle."""
        records = {
            "device": {"sn": "EMU0000001", "hotspot_password": "emulated-only"},
            "settings": {**profiles.CREATED, "sensor_poll_ms": 250},
            "key_1": signing.held(signing.DEVELOPMENT),
        }
        rig = Rig({**with_probe(slot_files(), profile=True), "/update.bundle": content}, records)
        rig.run_until(lambda: "updater: installing" in rig.console.text, 20000)
        begun_ms, counts = rig.now_ms, [len(wire.exchanges) for wire in (rig.sensor_wire, rig.plant_wire)]
        rig.run_until(lambda: "starts next, on trial" in rig.console.text, 60000)
        self.seconds = (rig.now_ms - begun_ms) / 1000
        rig.ask()
        (self.longest_ms,) = [int(words[3]) / 1000 for words in rig.told("task") if words[0] == "updater"]
        self.lost = 0
        for wire, count in zip((rig.sensor_wire, rig.plant_wire), counts):
            self.lost += sum(not exchange.answer for exchange in wire.exchanges[count:-1])
            self.lost += sum(getattr(wire, kind) for kind in FAULTS)
        self.least_free_bytes = rig.least.free_bytes
        self.console = rig.console.text


def installing():
    """Print what an update is on the wire, in time, and for the rest."""
    with tempfile.TemporaryDirectory() as folder:
        whole, thin, name, packed = bundles(folder)
        sizes = whole.stat().st_size, thin.stat().st_size
        how = f"signed; {name} differs from what runs, {packed} B as it travels; the whole bundle is {sizes[0]} B"
        say("update_changed_module_bytes", sizes[1], "B", how)
        found = [Installed(path.read_bytes()) for path in (whole, thin)]
    how = (
        "carrier Files, from the first byte to the record that lets it start; flash takes no time on the emulated chip"
    )
    say("install_s", round(found[0].seconds, 1), "s", f"the whole bundle of {sizes[0]} B, {how}")
    say("install_thin_s", round(found[1].seconds, 1), "s", f"the same without what runs already, {how}")
    how = "longest turn of the updater while both come in, its own import among them: nothing else runs in it"
    longest_ms = max(each.longest_ms for each in found)
    say("control_gap_ms_max", round(longest_ms), "ms", f"{how}; an erase on silicon adds 45 ms")
    lost = sum(each.lost for each in found)
    say("bus_loss_during_install", lost, "", "requests of both buses without an answer, and faults")
    free = min(each.least_free_bytes for each in found)
    say("install_free_bytes_min", free, "B", "least free memory of the wired Pico W meanwhile")


def main():
    good, all_us, longest_us, taken = on_chip()
    assert good
    how = "one RSA-3072 signature, 16 squarings and a multiplication, as the installer does it"
    say("verify_s", round(all_us / 1e6, 3), "s", how)
    say(
        "verify_step_ms_max",
        round(longest_us / 1e3, 1),
        "ms",
        f"longest turn: nothing else runs in it; {how}",
    )
    say("verify_bytes", taken, "B", "memory that one turn takes, before it is collected")
    installing()


if __name__ == "__main__":
    main()
