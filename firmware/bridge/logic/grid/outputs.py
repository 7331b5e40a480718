"""DO1 and DO2: who switches them, and whose word counts. Pure.

Each commander (the broker, another master) has its own command for each output; the latest one counts, for as long as
commands are worth something (`do_expire_s`), then the safe state.
"""

import clock

COUNT = 2
NOBODY = (None, None)  # the commands of one commander: (closed, seconds, ticks_ms) or None for each output
_TOLD_APART_S = 2  # stamps further apart than that are told apart by their seconds, others by their ticks


def ordered(standing, bits, mask, now_s, now):
    """Return a commander's commands after a new one: the outputs in `bits` as `mask` says, the others as they stand."""
    new = [(mask >> i & 1, now_s, now) if bits >> i & 1 else standing[i] for i in range(COUNT)]
    return tuple(new)


def owned(settings):
    """Return which outputs a rule switches, bit 0 = DO1; the others are for whoever commands them."""
    return (settings.do1_owner != "manual") | (settings.do2_owner != "manual") << 1


def wanted(state, settings, now_s):
    """Return the contacts to drive: what commands say; of outputs that a rule owns what it says, else the safe state."""
    safe_mask, by_rule = settings.do_safe_mask, owned(settings)
    mask = decide(safe_mask, state.output_command, state.server_command, settings.do_expire_s, now_s)
    if by_rule:
        mask = mask & ~by_rule | (safe_mask if state.driven is None else state.driven) & by_rule
    return mask


def decide(safe_mask, by_broker, by_master, expire_s, now_s):
    """Return the contacts to drive, bit 0 = DO1. expire_s: a command as old as that is forgotten, 0 = never."""
    mask = safe_mask
    for i in range(COUNT):
        command = _later(by_broker[i], by_master[i])
        if command and not (expire_s and now_s - command[1] >= expire_s):
            mask = mask & ~(1 << i) | command[0] << i
    return mask


def _later(one, other):
    if not one or not other:
        return one or other
    apart_s = one[1] - other[1]
    if abs(apart_s) >= _TOLD_APART_S:
        return one if apart_s > 0 else other
    return one if clock.ticks_diff(one[2], other[2]) > 0 else other
