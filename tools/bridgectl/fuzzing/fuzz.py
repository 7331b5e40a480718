"""Runs every decoder on damaged, random and hostile inputs, in the MicroPython unix port with a bounded heap.

    python -m bridgectl.fuzzing [--seconds 600] [--inputs N] [--seed N] [TARGET ...]
    python -m bridgectl.fuzzing --replay TARGET HEX

The targets and what they promise are in fuzzing/targets.py. A finding prints the target, the seed, the input in hex and
what was wrong, and the exit code is 1. At the end a JSON line for each target, as bridgectl.figures prints them.
"""

import argparse
import contextlib
import dataclasses
import random
import sys
import tempfile
import time
from pathlib import Path

from bridgectl.device import build
from bridgectl.figures.say import say
from bridgectl.fuzzing.process import Chip, Fallen
from bridgectl.fuzzing.targets import TARGETS

_BATCH = 50
_COUNTED = 1000
_SETTLED = 1000  # inputs after which nothing may grow any more


class Finding(Exception):
    """A decoder broke its promise; `data`: the input that did it, or None if it was all of them."""

    def __init__(self, target, seed, number, data, text):
        super().__init__(text)
        self.target = target
        self.seed = seed
        self.number = number
        self.data = data

    def lines(self):
        """Return the text for people."""
        hexadecimal = "all together" if self.data is None else self.data.hex()
        again = f"--seed {self.seed} --inputs {self.number + 1} {self.target.name}"
        return (
            f"FOUND {self.target.name} ({self.target.decoder})\n  seed {self.seed}, input {self.number}\n"
            f"  input: {hexadecimal}\n  wrong: {self}\n  again: python -m bridgectl.fuzzing {again}"
        )


@dataclasses.dataclass
class Ran:
    """What one target went through without a finding."""

    inputs: int
    different: int  # answers among the first _COUNTED inputs: how far they reach
    grown: int  # bytes in use at the end more than when it had settled


def fuzz(target, seed, seconds=None, inputs=None, slot=None):
    """Run one target for so many seconds or inputs; return Ran. Raises Finding.

    slot: folder of the firmware's modules, else the one just built.
    """
    rng = random.Random(f"{seed} {target.name}")
    until = time.monotonic() + seconds if seconds else None
    settle = min(_SETTLED, inputs // 2) if inputs else _SETTLED
    count, settled, different = 0, None, set()
    with _chip(target, slot) as chip:
        first = target.input(rng)
        while time.monotonic() < until if until else count < inputs:
            batch = [target.input(rng) for _ in range(min(_BATCH, inputs - count) if inputs else _BATCH)]
            answers = _judge(target, seed, count, batch, chip)
            if count < _COUNTED:
                different.update(map(repr, answers))
            count += len(batch)
            if settled is None and count >= settle:
                settled = _memory(target, seed, count, first, chip)
        grown = 0 if settled is None else _memory(target, seed, count, first, chip) - settled
    if grown > target.slack:
        raise Finding(target, seed, count, None, f"memory in use grew by {grown} bytes since input {settle}")
    return Ran(count, len(different), grown)


def replay(target, data):
    """Run a single input; return the answer. Raises Finding."""
    with _chip(target, None) as chip:
        return _judge(target, 0, 0, [data], chip)[0]


@contextlib.contextmanager
def _chip(target, slot):
    slot = slot or build.ROOT / "build" / "all" / "host"
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        chip = Chip(target.part, target.name, target.heap, Path(folder), slot)
        try:
            yield chip
        finally:
            chip.close()


def _judge(target, seed, count, batch, chip):
    try:
        answers = chip.answers(batch)
    except Fallen as fall:
        raise Finding(target, seed, count + fall.at, batch[fall.at], fall.text) from None
    for place, (data, answer) in enumerate(zip(batch, answers, strict=True)):
        wrong = target.wrong(data, answer)
        if wrong:
            raise Finding(target, seed, count + place, data, f"{wrong}\n  answer: {answer}")
    return answers


def _memory(target, seed, count, first, chip):
    """Return the bytes in use after one and the same input, so that what is left of the last one is the same."""
    _judge(target, seed, count, [first], chip)
    return chip.memory()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, help="for all targets together; 600 if nothing is said")
    parser.add_argument("--inputs", type=int, help="for each target, instead of seconds")
    parser.add_argument("--seed", type=int, help="default: another one each time")
    parser.add_argument("--replay", nargs=2, metavar=("TARGET", "HEX"), help="one input of one target")
    wanted = parser.parse_args()
    names = wanted.targets or list(TARGETS)
    unknown = {*names, *(wanted.replay or [])[:1]} - set(TARGETS)
    if unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    build.build("host", quiet=True, everything=True)
    if wanted.replay:
        sys.exit(_replay(*wanted.replay))
    seed = random.randrange(1 << 32) if wanted.seed is None else wanted.seed
    seconds = None if wanted.inputs else (wanted.seconds or 600) / len(names)
    sys.exit(_all([TARGETS[name] for name in names], seed, seconds, wanted.inputs))


def _replay(name, hexadecimal):
    try:
        print(replay(TARGETS[name], bytes.fromhex(hexadecimal)))
    except Finding as finding:
        print(finding.lines())
        return 1
    return 0


def _all(targets, seed, seconds, inputs):
    """Fuzz the targets one after the other; return the exit code."""
    done, found = [], 0
    for target in targets:
        try:
            done.append((target, fuzz(target, seed, seconds, inputs)))
        except Finding as finding:
            print(finding.lines(), flush=True)
            found += 1
    for target, ran in done:
        how = f"{target.decoder}: {target.promise}; seed {seed}, heap {target.heap}, memory in use {ran.grown:+d} B, "
        how += f"{ran.different} different answers among the first {min(ran.inputs, _COUNTED)}"
        say(f"fuzz_inputs_{target.name}", ran.inputs, "", how)
    say("fuzz_findings", found, "", f"of {len(targets)} decoders, seed {seed}")
    return 1 if found else 0


if __name__ == "__main__":
    main()
