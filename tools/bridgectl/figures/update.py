"""What an update costs on the emulated RP2040 under the official image; `python -m bridgectl.figures update`.

verify_s, verify_step_ms_max, verify_bytes    a signature that is checked as the installer does it, turn by turn
"""

import hashlib

from bridgectl import firmware
from bridgectl.device import signing
from bridgectl.emulator import repl
from bridgectl.emulator.chip import Chip
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


if __name__ == "__main__":
    main()
