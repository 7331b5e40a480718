"""What the portal's page of settings knows of them: their rules and meanings, put beside the page when a slot is made.

So the texts lie in the flash and no heap holds them. The page shows what an installer needs; all others are set over USB
or MQTT.
"""

import json

from bridgectl import firmware

# heading, and the settings under it, in the order of the page
GROUPS = (
    ("Broker", ("mqtt_host", "mqtt_port", "mqtt_user", "mqtt_password", "mqtt_prefix")),
    (
        "Grid signal",
        (
            "grid_table",
            "grid_drm",
            "grid_rows",
            "grid_active",
            "grid_reactive",
            "grid_open_pct",
            "grid_unknown",
            "grid_unknown_pct",
            "grid_closed_mask",
        ),
    ),
    (
        "Limits",
        (
            "limit_user_w",
            "limit_export_w",
            "export_at",
            "limit_import_w",
            "limit_off_grid_w",
            "limit_fuse_a",
            "dim_import_w",
        ),
    ),
    (
        "Plant",
        ("rs485_1_role", "rs485_1_baud", "plant_unit", "plant_import", "plant_disconnect", "plant_reactive"),
    ),
    ("Power sensor", ("rs485_2_role", "rs485_2_baud", "sensor_model", "sensor_unit", "sensor_inverted")),
    ("Outputs", ("do_safe_mask", "do1_owner", "do2_owner", "do1_rules", "do2_rules", "heat_pump", "generator")),
)


def rows():
    """Return the JSON of [[heading, [[name, kind, default, low or choices, high, unit, meaning], ...]], ...] as text."""
    firmware.load()
    import table
    from bridge import meanings, settings_table

    known = {row[0]: row for row in settings_table.rows()}
    meaning = dict(table.rows(meanings.TABLE))
    page = [[heading, [[*known[name], meaning[name]] for name in names]] for heading, names in GROUPS]
    return json.dumps(page, separators=(",", ":"), ensure_ascii=False)
