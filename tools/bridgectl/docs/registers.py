"""Writes docs/registers.md, the bridge's own Modbus map, from the tables that the firmware serves it from.

`python -m bridgectl.docs.registers` writes the page; `--check` only says if it is old.
"""

import sys

from bridgectl import firmware

PAGE = firmware.ROOT / "docs" / "registers.md"

_HEAD = """# Registers of the bridge

A third-party master (an EMS) reads these from a port in the role *server*, by functions 3 and 4 alike. Addresses are
0-based, as on the wire, and never move; words are big-endian, the high word first. A read may start and end anywhere in
a block but not leave it (exception 2). Registers in a block that are not listed read 0. Registers cannot be written.

This page is made by `python -m bridgectl.docs.registers` from the tables of the firmware.
"""
_COILS = """
## Contacts as bits

| function | address | meaning |
|---|---|---|
| 2 (discrete inputs) | 0 to 4 | DI1 to DI5, 1 = closed |
| 1 (coils) | 0, 1 | DO1, DO2, 1 = closed |
| 5, 15 (write coils) | 0, 1 | command to DO1, DO2, if a setting allows it; else exception 2 |
"""
_READINGS = """
## Readings

Four registers each: the value as float32 (two words; not-a-number unless its quality is good), the quality (0 never,
1 stale, 2 suspect, 3 good), the age in steps of 0.1 s (65535 = not known).

| address | reading | unit |
|---|---|---|
"""
_SUNSPEC = """
## SunSpec

From {base} on: "SunS", model {common} (common), model {meter} (single-phase meter, what the sensor measures, import
positive), end mark. What is not listed is not implemented: 0x8000, in an accumulator 0, in a text nothing. Without a
good value a reading is 0x8000; a counter keeps its last value. Evt bit 7 (missing sensor) is set while the sensor does
not answer.

| address | model | name | type | content |
|---|---|---|---|---|
"""
_OTHER = """
## Other functions

Diagnostics (8: echo, restart, diagnostic register, listen only, clear, counters 11 to 18, clear overrun), masked write
(22) and read and write (23) as in the specification, device identification (43/14: vendor, product code, revision,
product name, board, name of the system, and the serial number as object 128).
"""


def page():
    """Return the page as text."""
    firmware.load()
    import table
    from bridge import quantities
    from bridge.devices import sunspec
    from bridge.logic.doors import register_map as own

    lines = [_HEAD, "\n## State\n\n| address | words | type | name | meaning |\n|---|---|---|---|---|\n"]
    lines += ["| " + " | ".join(row) + " |\n" for row in table.rows(own.STATE)]
    lines += [_COILS, _READINGS]
    for k, (point,) in enumerate(table.rows(own.READINGS)):
        address = own.READINGS_AT + own.READING_WORDS * k
        lines.append(f"| {address} | {point} | {quantities.unit(point)} |\n")
    lines.append(_SUNSPEC.format(base=sunspec.BASE, common=sunspec.COMMON, meter=sunspec.METER))
    lines += [
        f"| {sunspec.BASE + at} | {model} | {name} | {kind} | {what} |\n" for at, model, name, kind, what in _rows()
    ]
    return "".join([*lines, _OTHER])


def _rows():
    """Yield (place behind the base, model, name, type, content) of the SunSpec registers."""
    import table
    from bridge import quantities
    from bridge.devices import sunspec

    yield 0, "", "SunS", "uint32", "0x53756E53"
    for model, at, words in (
        (1, sunspec.COMMON_AT, sunspec.COMMON_WORDS),
        (201, sunspec.METER_AT, sunspec.METER_WORDS),
    ):
        yield at, model, "ID", "uint16", model
        yield at + 1, model, "L", "uint16", words
        if model == 1:
            for name, offset, _words, kind, what in table.rows(sunspec.MODEL_1):
                yield at + int(offset), model, name, kind, what
            continue
        for name, offset, kind, source, factor in table.rows(sunspec.MODEL_201):
            what = source
            if factor:
                what = f"{source}, {quantities.unit(source) or '1'} × {factor}"
            yield at + int(offset), model, name, kind, what
    yield sunspec.END_AT, "", "end", "uint16", "0xFFFF, 0"


def main():
    """Write the page, or with --check only compare it."""
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text() != page():
            sys.exit("docs/registers.md is not what the tables say: run python -m bridgectl.docs.registers")
        return
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
