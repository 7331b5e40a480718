"""What the figures of "what the bridge says is so" are to be; docs/figures.md says what each means."""

# fmt: off
# figure: (sense, value)
AIMS = {
    "limit_held_share":        ("at least", 0.7),
    "limit_held_share_odd":    ("at least", 0.9),
    "limit_lie_ms_max":        ("at most", 3000),
    "writes_per_hour_clamped": ("at most", 120),
    "stale_commands":          ("at most", 0),
    "edge_to_write_ms_max":    ("at most", 1100),
    "edge_to_write_ms_max_idle": ("at most", 150),
    "readings_good_share":     ("at least", 0.95),
    "reads_starved":           ("at most", 0),
    "gateway_exceptions":      ("at most", 0),
    "replay_mismatches":       ("at most", 0),
    "verify_s":                ("at most", 1),
    "control_gap_ms_max":      ("at most", 200),
    "bus_loss_during_install": ("at most", 0),
    "cut_points":              ("at least", 10000),
    "third_states":            ("at most", 0),
    "dead_boards":             ("at most", 0),
    "flash_years":             ("at least", 20),
    "outage_days_held":        ("at least", 30),
}
# fmt: on


def met(figure, value):
    """Return whether a figure is as it is to be; True for one without an aim."""
    sense, aim = AIMS.get(figure, ("at most", value))
    return value <= aim if sense == "at most" else value >= aim


def words(figure):
    """Return the aim in words, "" without one."""
    return "%s %s" % AIMS[figure] if figure in AIMS else ""
