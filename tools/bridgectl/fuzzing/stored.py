"""Inputs for the decoders of files, and what must be true of their answers (chip/stored.py)."""

import hashlib
import json
import tempfile
import zlib
from pathlib import Path

from mpremote import romfs

from bridgectl import firmware
from bridgectl.device import bundle
from bridgectl.fuzzing import mutate, rules

firmware.load()
from slots import blocks, head  # noqa: E402 (importable only now)


def _sealed(body):
    return b"record1 %08x\n" % zlib.crc32(body) + body


def _sorted(pairs):
    """Return the pairs of a dict in one order, dicts inside it too: the chip's come in any."""
    if not isinstance(pairs, list):
        return pairs
    parts = [_sorted(part) for part in pairs]
    return sorted(parts, key=repr)


def record_input(rng):
    body = mutate.json_bytes(rng, mutate.json_value(rng, rules.NAMES) if rng.random() < 0.3 else rules.object(rng))
    roll = rng.random()
    if roll < 0.05:
        body += b" " * rng.choice((8100, 8192, 9000))
    return _sealed(body) if roll < 0.8 else mutate.damaged(rng, _sealed(body))


def record_wrong(data, answer):
    head, body = data[:17], data[17:]
    intact = head == b"record1 %08x\n" % zlib.crc32(body) and len(data) <= 8192
    if answer is None:
        known, value = rules.strict(body)
        return "a good record was not read" if intact and known and isinstance(value, dict) else None
    if not intact:
        return "a damaged record was read"
    known, value = rules.strict(body)
    if known and _sorted(answer) != _sorted(rules.plain(value)):
        return f"holds {value}"
    return None


def settings_input(rng):
    return mutate.json_bytes(rng, rules.object(rng))[:8000]


def settings_wrong(data, answer):
    values, kept = answer
    known, stored = rules.strict(data)
    for name, text in values:
        value = rules.told(name, text)
        if not rules.allowed(name, value):
            return f"{name} is in force as {text}"
        if known and isinstance(stored, dict):
            expected = stored[name] if rules.allowed(name, stored.get(name)) else rules.ROWS[name][2]
            if value != expected and not (name in rules.RELATED and value == rules.ROWS[name][2]):
                return f"{name} is {value}, stored is {expected}"
    return None if kept else "what is stored does not load to the same"


_WORN = 3  # starts after a crash that end a trial


def boot_input(rng):
    states = [
        {"slot": "a", "trial": True, "serial": 3, "floor": "0.1.0"},
        {"slot": rng.choice(("a", "b", 5)), "serial": rng.choice((3, 3, 2**40, -1, 2**70)), "trial": False},
        mutate.json_value(rng, ("slot", "trial", "serial", "floor")),
    ]
    boots = [{"serial": 3, "count": rng.randint(0, 6)}, mutate.json_value(rng, ("serial", "count"))]
    manifest = {"version": "1.2.3", "mpy": 6, "size": 4}
    if rng.random() < 0.5:
        manifest = mutate.json_value(rng, ("mpy", "size", "minimum", "version"))
    image = b"\xd2\xcd\x31\x00"
    files = []
    for value, is_record in ((rng.choice(states), True), (rng.choice(boots), True), (manifest, False)):
        body = json.dumps(value).encode()
        if is_record:
            content = _sealed(body)
        else:
            content = head.make(mutate.json_bytes(rng, value)[:4000], b"", 4, zlib.crc32(image))
        files.append((content if rng.random() < 0.9 else mutate.damaged(rng, content))[:4096])
    return b"".join(len(f).to_bytes(2, "big") + f for f in files)


def boot_wrong(data, answer):
    if answer in ("a", "b") or (answer is None and _starts_counted(data) >= _WORN):  # safe mode, see boot.py
        return None
    return "no slot was chosen, and b is complete"


def _starts_counted(data):
    """Return the count of starts in the second of the files, -1 if there is none."""
    first = int.from_bytes(data[:2], "big")
    body = data[4 + first : 4 + first + int.from_bytes(data[2 + first : 4 + first], "big")].partition(b"\n")[2]
    try:
        count = json.loads(body)["count"]
    except (ValueError, TypeError, KeyError):
        return -1
    return count if isinstance(count, int) else -1


def bundle_input(rng):
    image = _image(rng)
    made = {"product": "sigen-bridge", "board": "host", "version": "1.2.3", "minimum": "0.0.0", "mpy": 6}
    made.update(size=len(image), sha256=hashlib.sha256(image).hexdigest())
    if rng.random() < 0.2:
        made[rng.choice(("product", "board", "version", "sha256"))] = mutate.text(rng, 40)
    if rng.random() < 0.2:
        made[rng.choice(tuple(made))] = mutate.json_value(rng, ("size",), 2)
    raw = json.dumps(made).encode(errors="surrogatepass")[:1100]
    raw = mutate.damaged(rng, raw) if rng.random() < 0.15 else raw
    signature = rng.randbytes(rng.choice((0, 0, 0, 64, 1024, 1025)))
    start = head.make(raw, signature, len(image), zlib.crc32(image))
    whole = mutate.maybe(rng, start, 0.1) + mutate.maybe(rng, _packed(rng, image), 0.3)
    return bytes((rng.choice((0, 1, 32, 255)),)) + mutate.maybe(rng, whole, 0.1)


def _image(rng):
    """Return a ROMFS of some files, now and then no good one."""
    writer = romfs.VfsRomWriter()
    for n in range(rng.choice((0, 1, 2, 5))):
        content = rng.randbytes(20) * rng.choice((0, 1, 10, 51, 52, 102, 205))
        writer.mkfile(rng.choice((f"m{n}.mpy", f"f{n}")), rng.choice((b"", b"M\x06")) + content)
    return mutate.maybe(rng, writer.finalise(), 0.05)


def _packed(rng, content):
    """Return the table and the blocks of an image: those of a ROMFS, and any at all of what is none."""
    try:
        cuts = [*blocks.borders(lambda at, count: content[at : at + count], len(content)), len(content)]
    except ValueError:
        cuts = [0, len(content)]
    table, out = b"", b""
    for start, end in zip(cuts, cuts[1:]):
        block = content[start:end]
        made = bundle.squeezed(block)
        if rng.random() < 0.05:
            made = mutate.damaged(rng, made)
        table += blocks.row_of(hashlib.sha256(block).digest(), len(block), len(made))
        out += made
    damaged = mutate.maybe(rng, table, 0.05)
    sums = zlib.crc32(damaged if rng.random() < 0.7 else table)
    return (len(damaged) // blocks.ROW).to_bytes(2, "big") + damaged + sums.to_bytes(4, "big") + out


def bundle_wrong(data, answer):
    refused, percent, installed, strange = answer
    if strange:
        return f"files outside the slots: {strange}"
    if not 0 <= percent <= 100:
        return f"{percent} %"
    length = int.from_bytes(data[19:21], "big")
    if refused or not rules.is_json(data[23 : 23 + length]):
        return None  # MicroPython takes some texts that are none, and then means what it understood
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        path.write_bytes(data[1:])
        try:
            made = bundle.read(path)
        except bundle.BundleError as problem:
            return f"installed, though {problem}"
    return None if installed == zlib.crc32(made["image"]) and percent == 100 else f"installed {installed}"
