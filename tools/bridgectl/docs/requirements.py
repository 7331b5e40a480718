"""Writes docs/requirements.csv, the ids and texts of the specification, from the specification itself.

`python -m bridgectl.docs.requirements SPEC.md` writes the table; `--check` only says if it is old.
"""

import csv
import io
import re
import sys
from pathlib import Path

from bridgectl import firmware

TABLE = firmware.ROOT / "docs" / "requirements.csv"

# An id with a colon behind it begins a requirement, which ends with the next one, the cell of a table or the line.
# Without a colon it only refers to one.
_BEGIN = re.compile(r"\b([A-Z]{3}-\d+\+?): ")


def read(text):
    """Return {id: text} of a specification in Markdown, in its order. Raises ValueError for an id that comes twice."""
    found = {}
    for line in text.splitlines():
        for cell in line.split("|") if line.startswith("|") else (line,):
            begins = [*_BEGIN.finditer(cell)]
            for begin, after in zip(begins, [*begins[1:], None]):
                if begin[1] in found:
                    raise ValueError(f"{begin[1]} stands twice in the specification")
                words = cell[begin.end() : after.start() if after else None]
                found[begin[1]] = words.strip().replace("`", "").replace("*", "")
    return found


def table(wanted):
    """Return the table's text for {id: text}."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerows([("id", "requirement"), *wanted.items()])
    return out.getvalue()


def main():
    paths = [word for word in sys.argv[1:] if word != "--check"]
    if len(paths) != 1:
        sys.exit("name the specification: python -m bridgectl.docs.requirements [--check] SPEC.md")
    made = table(read(Path(paths[0]).read_text()))
    if "--check" not in sys.argv:
        TABLE.write_text(made)
    elif TABLE.read_text() != made:
        sys.exit("docs/requirements.csv is old: python -m bridgectl.docs.requirements SPEC.md")


if __name__ == "__main__":
    main()
