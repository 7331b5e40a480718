"""Writes the tables of docs/loads.md, and draws the generator's states from the table that the firmware decides by.

`python -m bridgectl.docs.loads` writes the page; `--check` only says if it is old.
"""

import sys

from bridgectl import firmware

PAGE = firmware.ROOT / "docs" / "loads.md"

_MADE = "The rest is made by `python -m bridgectl.docs.loads` from the tables of the firmware.\n\n"
_HEADINGS = (
    ("do1_rules", "LOAD", "`do1_rules`, `do2_rules`"),
    ("heat_pump", "HEAT_PUMP", "`heat_pump`"),
    ("generator", "GENERATOR", "`generator`"),
)
_BITS = (
    (1, "wanted", "not wanted"),
    (2, "must not run", ""),
    (4, "turns", "does not turn"),
    (8, "stands", "does not stand"),
    (16, "time over", "time not over"),
    (32, "no start left", ""),
    (64, "least run not over", "least run over"),
    (128, "taken back by a person", ""),
)


def words(all_of, none_of):
    """Return what a row of the generator's table asks for, in words. all_of, none_of: masks of bits."""
    found = [yes for bit, yes, _ in _BITS if all_of & bit]
    return ", ".join(found + [no for bit, _, no in _BITS if none_of & bit and no])


def diagram():
    """Return the generator's states as a diagram in Mermaid's words."""
    firmware.load()
    from bridge.logic.loads import generator

    lines = ["stateDiagram-v2", "    [*] --> s6"]
    for state, name in enumerate(generator.NAMES):
        start, loaded = generator.contacts(state)
        closed = "start and load closed" if loaded else "start closed" if start else "all open"
        lines.append(f"    s{state} : {name} ({closed})")
    for state, all_of, none_of, then, why in generator.TABLE:
        lines.append(f"    s{state} --> s{then} : {why or words(all_of, none_of)}")
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def keys(name, meanings):
    """Return the table of the keys of a setting. meanings: {key: what it means}."""
    import table
    from bridge import load_rules

    lines = ["| key | default | allowed | unit | meaning |", "|---|---|---|---|---|"]
    for key, kind, default, low, high, unit, _ in table.rows(load_rules.TABLES[name]):
        allowed = f"{low} to {high}" if kind == "int" else "a time, or -" if kind == "time" else kind.replace(",", ", ")
        lines.append(f"| `{key}` | {default} | {allowed} | {unit} | {meanings[key]} |")
    return "\n".join(lines) + "\n"


def page():
    """Return the page as text: what a person wrote stands above, the rest is made anew."""
    firmware.load()
    import table
    from bridge import meanings

    head, _, _ = PAGE.read_text().partition(_MADE)
    parts = [
        head,
        _MADE,
        "## The generator's states\nOf the ways out of a state the first counts that fits.\n\n",
        diagram(),
    ]
    for name, told, heading in _HEADINGS:
        parts.append(f"\n## Keys of {heading}\n\n" + keys(name, dict(table.rows(getattr(meanings, told)))))
    return "".join(parts)


def main():
    """Write the page, or with --check only compare it."""
    text = page()
    if sys.argv[1:] == ["--check"]:
        if PAGE.read_text() != text:
            sys.exit("loads.md is not what the tables say: run python -m bridgectl.docs.loads")
        return
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
