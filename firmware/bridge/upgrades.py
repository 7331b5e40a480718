"""Makes today's settings of those that an earlier version stored. In memory only when there are such ones at a start.

One step for each form (settings._FORM); a step changes the dict, believes nothing in it, and says why it is there. What
needs no step has none: a setting that is new has its default, one that is gone is ignored and told.
"""


def upgrade(value, form):
    """Change a dict of stored settings of a form into one of the newest."""
    form = form if isinstance(form, int) else 0
    for step in (_from_0,)[max(form, 0) :]:
        step(value)


def _from_0(value):
    """0.1.0 took what rules between settings refuse since: the nearest that is allowed counts, not two defaults."""
    if not value.get("mqtt_user"):
        value.pop("mqtt_password", None)  # no broker was ever told it (MQTT 3.1.1, 3.1.2.9)
    poll_ms, stale_ms = value.get("sensor_poll_ms", 250), value.get("meter_stale_ms", 2000)
    if not (isinstance(poll_ms, int) and isinstance(stale_ms, int)):
        return  # refused by their kind
    if value.get("rs485_1_role") == "meter" and stale_ms < 2 * poll_ms:
        value["meter_stale_ms"] = min(2 * poll_ms, 60000)
        if poll_ms > 30000:
            value["sensor_poll_ms"] = 30000
