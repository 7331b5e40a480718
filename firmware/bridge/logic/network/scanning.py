"""When the radio may search for networks. A search stops everything for seconds: contacts are not read then. Pure."""


def by_itself(settings):
    """Return True if nobody is harmed by a search that nobody asked for: no contacts are bound."""
    return settings.grid_table == "off"


def refusal(state):
    """Return why nobody may search now, in words, "" if one may."""
    if state.limit_wanted and state.limit_pct < 100:
        return "a limit of %d %% is in force; a search would stop everything for up to 10 s" % state.limit_pct
    if state.plant_limit_w is not None:
        return "the plant is not released from its limit yet; try again in a moment"
    return ""
