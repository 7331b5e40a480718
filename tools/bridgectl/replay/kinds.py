"""What the values of each kind of entry are, in the order in which firmware/bridge/tasks/recorder.py writes them."""

LAW, SETTING, PLANT, LINKS, ORDERS, RULES, COMMAND, EXPORT = 1, 2, 3, 4, 5, 6, 7, 8

# What the control law saw, what it said, and at the end what an export limit moves with the house.
LAW_FIELDS = (
    "contacts", "output_command", "server_command", "version", "ems_limits", "rated_w", "driven", "off_grid",
    "limit_pct", "wanted", "import_pct", "reactive", "outputs", "import_w", "export_w", "importing_pct", "failures",
    "export_cap_w", "cap_w", "reason_sum", "limits_sum",
)  # fmt: skip
LAW_SAID = (
    "limit_pct", "wanted", "import_pct", "reactive", "outputs", "import_w", "export_w", "importing_pct",
    "cap_w", "reason_sum", "limits_sum",
)  # fmt: skip
PLANT_FIELDS = ("state", "target_w", "text", "limit_pct", "cap_w", "rated_w")
# In words, what was decided (import, export, stop), what the commands are to hold, and by what it was decided.
ORDERS_FIELDS = (
    "orders", "wanted", "import_raw", "export_raw", "stop_raw",
    "import_pct", "import_w", "export_w", "limit_pct", "rated_w", "waits",
)  # fmt: skip
# What the limit's command knows, in the order of recorded_command.memory; times are ms from now.
COMMAND_MEMORY = (
    "state", "target", "owed", "rated_w", "overruled", "read_first", "_ends", "_holds", "_sent", "_kept",
    "_failed", "_unread", "_silent", "acknowledged", "_shift_w", "_timer_ms", "_next_at", "_read_at", "sent_at", "_good_at",
)  # fmt: skip
# What of that is compared.
COMMAND_DECIDED = (
    "state", "target", "owed", "overruled", "_kept", "_failed", "acknowledged", "_shift_w", "_timer_ms", "_next_at",
)  # fmt: skip
EVENTS = ("want", "touch", "doubt", "age", "wrote", "read")
COMMAND_FIELDS = (
    "event", "told_1", "told_2", "told_3",
    *("before" + name for name in COMMAND_MEMORY), "text_sum", *("after" + name for name in COMMAND_DECIDED),
)  # fmt: skip
EXPORT_FIELDS = (
    "cap_before_w", "changed_at", "limit_w", "grid_w", "age_ms", "output_w", "held_at", "settle_ms", "cap_w",
)  # fmt: skip
LINKS_FIELDS = ("plant_link", "sensor_link", "exchanges")
# Contacts of the outputs that rules own, what the rules remembered (see their `memory`), what they saw, sum of their words.
RULES_FIELDS = (
    "mask", "do1", "do2", "heat_pump", "generator", "wish", "lock_s", "run_s", "idle_s", "before_s",
    "soc", "off_grid", "load_w", "sensor_w", "grid_w",
    "day_clock", "import_w", "import_pct", "limit_pct", "cap_w", "alarmed", "inputs", "text_sum",
)  # fmt: skip
READINGS = ("soc", "off_grid", "load_w", "sensor_w", "grid_w")
# What each rule remembers, in the order of its `memory`.
MEMORY = {
    "do1": ("closed", "_since_s"),
    "do2": ("closed", "_since_s"),
    "heat_pump": ("state", "why", "used_s", "_since_s", "_looked_s", "_unlocked_s"),
    "generator": ("state", "locked", "tries", "run_s", "_since_s"),
    "wish": ("_known_s", "_below_s", "_soc", "_load", "_test", "_lost"),
}
FIELDS = {
    LAW: LAW_FIELDS,
    SETTING: ("place", "old"),
    PLANT: PLANT_FIELDS,
    LINKS: LINKS_FIELDS,
    ORDERS: ORDERS_FIELDS,
    RULES: RULES_FIELDS,
    COMMAND: COMMAND_FIELDS,
    EXPORT: EXPORT_FIELDS,
}


def named(entry):
    """Return {field: value} of an entry, empty if this program knows no such kind."""
    fields = FIELDS.get(entry.kind, ())
    return dict(zip(fields, entry.values, strict=True)) if len(fields) == len(entry.values) else {}
