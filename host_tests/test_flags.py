"""What the state says of now falls when the task that says it dies: checked on the sources, for each field that there is.

An essential task may die holding its word: it is back within seconds, or the watchdog resets the chip (supervisor.py).
Every other task says in a `finally` of its `run`, or of what that waits for, what is so without it.
"""

import ast

import pytest
from bridgectl import firmware
from imports import bridge_files, state_fields, tree

_APP = firmware.ROOT / "firmware" / "bridge" / "app.py"

# writer named in state.py: essential task of app.py that it runs in
# fmt: off
_ESSENTIAL = {
    "field_io": "field_io",
    "control":  "control",
    "buses":    "rs485-1",
    "reads":    "rs485-1",
    "server":   "rs485-1",
    "reports":  "watch",
    "limit":    "watch",
    "pulse":    "pulse",
    "recorder": "pulse",
}

# What stays when its task dies, and why that is still so then.
_STAYS = {
    "uplink_counts":     "counts since start",
    "system_created":    "says what a setting is",
    "hotspot_presses":   "counts presses that were seen",
    "radio_text":        "a radio that is not there does not come",
    "scan_refused":      "asked anew by whoever opens the page, which goes with the hotspot",
    "wlan_networks":     "says what the last search found",
    "wlan_kept":         "says what lies in the flash",
    "scan_wanted":       "counts wishes",
    "sensor_direction":  "says what was found, for as long as the sensor is the same",
    "direction_known":   "says what was found",
    "update_trial":      "the version is on trial whoever watches",
    "trial_begun_s":     "the trial goes on with the next life of the task",
    "version_decided":   "decided is decided",
    "ems_asked":         "an order, until it is taken",
    "update_asked":      "an order, until another one comes",
    "update_taken":      "says which order was begun",
    "output_command":    "an order, until another one comes",
    "orders_owed":       "what is not released stays so, also in the next life",
    "day_clock":         "says what was told and when",
}
# fmt: on
_OF_THE_START = ("app",)  # written once, before there are tasks


def _stored(nodes, functions, depth=2):
    """Return the fields of the state that statements write, and those that the module's functions called there write."""
    found = set()
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node.value
            if (owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")) in ("state", "_state"):
                found.add(node.attr)
        elif isinstance(node, ast.Call) and depth:
            called = functions.get(_called(node))
            found |= _stored(called.body, functions, depth - 1) if called else set()
    return found


def _called(node):
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def _ends(module):
    """Return the statements in a finally of a module's `run` and of what that waits for."""
    functions = _functions(module)
    todo = [functions["run"]] if isinstance(functions.get("run"), ast.AsyncFunctionDef) else []
    found, seen = [], set()
    while todo:
        function = todo.pop()
        seen.add(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Try):
                found += node.finalbody
            elif isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
                called = functions.get(_called(node.value))
                todo += [called] if called and called not in seen else []
    return found


def _functions(module):
    return {n.name: n for n in ast.walk(module) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}


def _fallen(modules):
    """Return (module, field) of what is written in a finally: by the task itself, or by what it drives, when it is left."""
    found, called = set(), set()
    for name, module in modules.items():
        ends = _ends(module)
        found |= {(name, field) for field in _stored(ends, _functions(module))}
        called |= {_called(node) for end in ends for node in ast.walk(end) if isinstance(node, ast.Call)}
    for name, module in modules.items():
        functions = _functions(module)
        if "run" not in functions:  # no task of its own
            ends = [functions[word] for word in called & functions.keys()]
            found |= {(name, field) for field in _stored(ends, functions)}
    return found


def _standing(fields, modules):
    """Return the fields whose task is not essential and leaves them as they are when it dies. modules: {stem: tree}."""
    fallen = _fallen(modules)
    return [
        field
        for field, writer in fields.items()
        if writer not in _ESSENTIAL and writer not in _OF_THE_START and (writer, field) not in fallen
    ]


def test_what_a_task_says_of_now_falls_with_it():
    modules = {path.stem: tree(path) for path in bridge_files()}
    assert sorted(_standing(state_fields(), modules)) == sorted(_STAYS)


def test_the_tasks_that_may_die_holding_their_word_are_essential():
    essential = set()
    for node in ast.walk(tree(_APP)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "add":
            if any(word.arg == "essential" and word.value.value is True for word in node.keywords):
                essential.add(node.args[0].value)
    assert {"rs485-1", "rs485-2"} <= essential
    assert set(_ESSENTIAL.values()) <= essential


@pytest.mark.parametrize(
    ("source", "standing"),
    [
        ("async def run(state):\n state.shown = True\n await wait()\n state.shown = False", ["shown"]),
        ("async def run(state):\n try:\n  await wait()\n finally:\n  state.shown = False", []),
        (
            "async def run(state):\n try:\n  await wait()\n finally:\n  forget(state)\ndef forget(state):\n pass",
            ["shown"],
        ),
        ("async def run(state):\n try:\n  pass\n finally:\n  forget()\ndef forget():\n self._state.shown = 0", []),
        ("async def run(state):\n try:\n  pass\n except OSError:\n  state.shown = False", ["shown"]),
        (
            "async def run(state):\n await live()\nasync def live():\n try:\n  pass\n finally:\n  state.shown = 0",
            [],
        ),
        ("async def other(state):\n try:\n  pass\n finally:\n  state.shown = False", ["shown"]),
    ],
)
def test_a_flag_that_is_left_standing_is_seen(source, standing):
    assert _standing({"shown": "new"}, {"new": ast.parse(source)}) == standing


def test_what_a_task_drives_is_left_in_its_finally_or_stands():
    task = "async def run(part):\n try:\n  await wait()\n finally:\n  part.leave()"
    driven = "class Part:\n def leave(self):\n  self._state.shown = None"
    fields = {"shown": "driven"}
    assert _standing(fields, {"task": ast.parse(task), "driven": ast.parse(driven)}) == []
    assert _standing(fields, {"task": ast.parse(task.replace("leave", "other")), "driven": ast.parse(driven)}) == [
        "shown"
    ]


def test_nothing_but_a_verified_signature_could_set_the_mark_signed():
    """One place sets it, by what was found of a signature; who adds another adds it here, which makes a reviewer look.

    Proves: OTA-2+
    """
    found = []
    for path in sorted(path for top in ("firmware", "lib", "boards") for path in (firmware.ROOT / top).rglob("*.py")):
        for node in ast.walk(tree(path)):
            for target in node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]:
                if getattr(target, "attr", getattr(target, "id", "")) == "signed" and isinstance(target, ast.Attribute):
                    found.append((path.stem, ast.unparse(node)))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
                assert "signed" not in ast.unparse(node), path
    assert found == [
        ("installer", "self.signed = False"),
        ("installer", "self.signed = found in trust.BELIEVED"),
    ]
