"""Prints every id of the specification with the tests that prove it and their last result (build/tests.xml).

A test proves an id when its docstring has a line `Proves: COM-7, REL-1+`, or it carries the marker `proves("COM-7")`.
Where one id asks for several things, docs/clauses.csv names them one by one, each with the test that proves it; a clause
without one is not built, or not proved, and its id is *partly* there. Ends with an error if a test failed, or if tests,
clauses and specification do not fit together.
"""

import ast
import csv
import re
import sys
import xml.etree.ElementTree as ET

from bridgectl import firmware

ROOT = firmware.ROOT
VERDICTS = ("ok", "partly", "open", "not run", "failed")

_ID = re.compile(r"[A-Z]{3}-\d+\+?")
_WIDTH = 110  # of a requirement's text on the screen


def requirements():
    """Return {id: text} of docs/requirements.csv."""
    return {row["id"]: row["requirement"] for row in _rows("requirements")}


def clauses():
    """Return {id: [(clause, "file::test" or "")]} of docs/clauses.csv."""
    found = {}
    for row in _rows("clauses"):
        found.setdefault(row["id"], []).append((row["clause"], row["proof"]))
    return found


def _rows(name):
    with open(ROOT / "docs" / f"{name}.csv", newline="") as file:
        return [*csv.DictReader(file)]


def proofs(folder=ROOT / "host_tests"):
    """Return {id: ["file::test"]} as the tests' docstrings and markers say it."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                for name in _named(node):
                    found.setdefault(name, []).append(f"{path.name}::{node.name}")
    return found


def _named(node):
    text = "".join(re.findall(r"Proves:([^\n]*)", ast.get_docstring(node) or ""))
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and getattr(mark.func, "attr", "") == "proves":
            text += " ".join(str(getattr(a, "value", "")) for a in mark.args)
    return sorted(set(_ID.findall(text)))


def results(path=ROOT / "build" / "tests.xml"):
    """Return {test's name: "ok", "failed" or "skipped"} of the last run; parametrised cases count together."""
    if not path.exists():
        return {}
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = case.get("name", "").split("[")[0]
        bad = "failed" if case.find("failure") is not None or case.find("error") is not None else None
        state = bad or ("skipped" if case.find("skipped") is not None else "ok")
        found[name] = state if found.get(name) in (None, "ok") else found[name]
    return found


def misfits(wanted, proved, parts):
    """Return what does not fit together, as lines of text."""
    lines = [
        f"{name} is no id of the specification, but a test names it: {proved[name][0]}"
        for name in proved
        if name not in wanted
    ]
    lines += [
        f"{name} is no id of the specification, but docs/clauses.csv has it" for name in parts if name not in wanted
    ]
    for name, rows in parts.items():
        for clause, test in rows:
            if test and test not in proved.get(name, ()):
                lines.append(f"{name}, {clause}: no test {test} names this id")
    return lines


def verdict(tests, rows, ran):
    """Return one of VERDICTS for an id. tests: ["file::test"]; rows: its clauses; ran: see results."""
    states = {ran.get(test.split("::")[1], "not run") for test in tests}
    if not tests:
        return "open"
    for state in ("failed", "not run"):
        if state in states:
            return state
    return "ok" if states == {"ok"} and all(test for _, test in rows) else "partly"


def report(wanted, proved, parts, ran):
    """Return (lines of text, {verdict: how many})."""
    lines, counts = [], dict.fromkeys(VERDICTS, 0)
    for name, words in wanted.items():
        tests, rows = proved.get(name, []), parts.get(name, [])
        found = verdict(tests, rows, ran)
        counts[found] += 1
        short = words if len(words) <= _WIDTH else words[: _WIDTH - 1] + "…"
        lines.append(f"{name:8} {found:8} {short}")
        lines += [f"{'':17} {'missing':8} {clause}" for clause, test in rows if not test]
        lines += [f"{'':17} {ran.get(test.split('::')[1], 'not run'):8} {test}" for test in tests]
    return lines, counts


def said(counts):
    """Return the counts in one line."""
    shown = [f"{count} {name}" for name, count in counts.items() if count]
    return f"{sum(counts.values())} ids: {', '.join(shown)}"


def main():
    wanted, proved, parts, ran = requirements(), proofs(), clauses(), results()
    lines, counts = report(wanted, proved, parts, ran)
    wrong = misfits(wanted, proved, parts)
    if "--short" not in sys.argv:
        print("\n".join(lines))
    print(said(counts))
    if wrong or counts["failed"]:
        sys.exit("\n".join(wrong) or "a test that proves an id failed")


if __name__ == "__main__":
    main()
