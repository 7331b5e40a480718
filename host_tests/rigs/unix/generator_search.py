"""Searches all that a generator can come into, step by step, for an unsafe contact and for a dead end.

What is safe is written here from the machine's point of view, and knows no row of the table.
"""

import json

from bridge import load_rules
from bridge.logic.loads import generator

_TIMES = (0, 400, 10000)  # s in a state: at once; a good start, and every wait but a long run over; all over
# Rules that change which way is open: how often it is started, with and without warming, cooling and least run.
RULES = (
    "cranks 3",
    "cranks 1",
    "cranks 2 warm 0 cool 0 min_run 0 rest 0",
    "cranks 10 min_run 3600",
)
_SHUT = ("stopped", "waiting for the next start", "resting", "locked out")  # the start contact is open
_YES_NO = (False, True)


def moments():
    """Yield (ask, halt, runs, clear, s that pass) of every moment."""
    for ask in _YES_NO:
        for halt in _YES_NO:
            for runs in (True, False, None):
                for clear in _YES_NO:
                    for passed_s in _TIMES:
                        yield ask, halt, runs, clear, passed_s


def after(rules, node, moment):
    """Return the node that follows, and why it is locked out. node: (state, tries, s in it)."""
    state, tries, in_it_s = node
    ask, halt, runs, clear, passed_s = moment
    machine = generator.Generator("", 0)
    machine.state, machine.tries = state, tries
    in_it_s = max([time for time in _TIMES if time <= in_it_s + passed_s])
    then = machine.step(rules, ask, halt, runs, clear, in_it_s)
    return (then, machine.tries, in_it_s if then == state else 0), machine.locked


def unsafe(rules, node, moment, then):
    """Return what is unsafe about a step, "" if nothing is."""
    ask, halt, runs, clear, _ = moment
    started, loaded = generator.contacts(node[0])
    starts, loads = generator.contacts(then[0])
    name, name_then = generator.NAMES[node[0]], generator.NAMES[then[0]]
    if loads and not starts:
        return "the load is on an engine that is not to run"
    if starts and name_then in _SHUT:
        return "the start contact is closed while it is " + name_then
    if loads and (halt or runs is False):
        return "the load stays on"
    if starts and not started and (halt or not ask or runs):
        return "it is started though it must not, need not or does"
    if starts and not started and name not in ("stopped", "waiting for the next start"):
        return "it is started without a rest"
    if loads and not loaded and name not in ("warming up", "cooling down"):
        return "the load comes on a cold engine"
    if name == "locked out" and name_then != name and not clear:
        return "a lock-out goes by itself"
    return "it is started too often" if then[1] > rules[8] else ""


def search(text):
    """Return ({node: nodes that follow}, moments looked at, unsafe steps) of a generator with rules."""
    rules, reason = load_rules.read("generator", text)
    assert not reason, reason
    found, todo, looked, wrong = {}, [(generator.REST, 0, 0)], 0, []
    todo.append((generator.LOCKED, 0, 0))  # as after a start
    while todo:
        node = todo.pop()
        if node in found:
            continue
        found[node] = set()
        for moment in moments():
            then, _ = after(rules, node, moment)
            looked += 1
            words = unsafe(rules, node, moment, then)
            if words:
                wrong.append((node, moment, then, words))
            found[node].add(then)
            todo.append(then)
    return found, looked, wrong


def dead_ends(found):
    """Return the nodes from which no way leads to a standing generator, or none to a running one."""
    ends = []
    for name in ("stopped", "running"):
        there = {node for node in found if generator.NAMES[node[0]] == name}
        while True:
            more = {node for node in found if node not in there and found[node] & there}
            if not more:
                break
            there |= more
        ends += [(node, name) for node in found if node not in there]
    return ends


def searched():
    """Print {"states", "looked": steps from them, "unsafe": of them and dead ends, "rules": sets of rules} as JSON."""
    states = looked = unsafe_count = 0
    for text in RULES:
        found, count, wrong = search(text)
        states += len(found)
        looked += count
        unsafe_count += len(wrong) + len(dead_ends(found))
    print(json.dumps({"states": states, "looked": looked, "unsafe": unsafe_count, "rules": len(RULES)}))
