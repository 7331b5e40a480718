"""Prints every id of the specification with the tests that prove it and their last result (build/tests.xml).

A test proves an id when its docstring has a line `Proves: COM-7, REL-1+`, or it carries the marker `proves("COM-7")`.
"""

import ast
import csv
import re
import sys
import xml.etree.ElementTree as ET

from bridgectl import firmware

ROOT = firmware.ROOT
_ID = re.compile(r"[A-Z]{3}-\d+\+?")


def requirements():
    """Return {id: words} of docs/requirements.csv."""
    with open(ROOT / "docs" / "requirements.csv", newline="") as file:
        return {row["id"]: row["requirement"] for row in csv.DictReader(file)}


def proofs():
    """Return {id: [(file, test)]} as the tests' docstrings and markers say it."""
    found = {}
    for path in sorted((ROOT / "host_tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                for name in _named(node):
                    found.setdefault(name, []).append((path.name, node.name))
    return found


def _named(node):
    text = "".join(re.findall(r"Proves:([^\n]*)", ast.get_docstring(node) or ""))
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and getattr(mark.func, "attr", "") == "proves":
            text += " ".join(str(getattr(a, "value", "")) for a in mark.args)
    return sorted(set(_ID.findall(text)))


def results():
    """Return {test name: "passed", "failed" or "skipped"} of the last run; parametrised cases count together."""
    path = ROOT / "build" / "tests.xml"
    if not path.exists():
        return {}
    found = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = case.get("name", "").split("[")[0]
        bad = "failed" if case.find("failure") is not None or case.find("error") is not None else None
        state = bad or ("skipped" if case.find("skipped") is not None else "passed")
        found[name] = state if found.get(name) in (None, "passed") else found[name]
    return found


def main():
    wanted, proved, ran = requirements(), proofs(), results()
    unknown = sorted(set(proved) - set(wanted))
    for name, words in wanted.items():
        tests = proved.get(name, [])
        states = [ran.get(test, "not run") for _, test in tests]
        verdict = (
            "open" if not tests else "failed" if "failed" in states else "not run" if "not run" in states else "ok"
        )
        print(f"{name:8} {verdict:8} {words}")
        for (file, test), state in zip(tests, states):
            print(f"{'':17} {state:8} {file}::{test}")
    done = sum(1 for name in wanted if proved.get(name))
    print(f"{done} of {len(wanted)} ids have a test")
    if unknown:
        sys.exit("tests name ids that docs/requirements.csv does not have: " + ", ".join(unknown))


if __name__ == "__main__":
    main()
