"""One figure is one JSON object on a line: {"figure", "value", "unit", "how"}, with an aim also {"aim", "met"}."""

import json

from bridgectl.figures import aims


def say(figure, value, unit, how):
    """Print one figure."""
    told = {"figure": figure, "value": value, "unit": unit, "how": how}
    if aims.words(figure):
        told |= {"aim": aims.words(figure), "met": aims.met(figure, value)}
    print(json.dumps(told, ensure_ascii=False), flush=True)
