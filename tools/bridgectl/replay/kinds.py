"""What the values of each kind of entry are, in the order in which firmware/bridge/tasks/recorder.py writes them."""

LAW, SETTING, PLANT, LINKS, ORDERS, RULES = 1, 2, 3, 4, 5, 6

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
    ORDERS: ("orders",),
    RULES: RULES_FIELDS,
}


def named(entry):
    """Return {field: value} of an entry, empty if this program knows no such kind."""
    fields = FIELDS.get(entry.kind, ())
    return dict(zip(fields, entry.values, strict=True)) if len(fields) == len(entry.values) else {}
