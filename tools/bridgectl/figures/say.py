"""One figure is one JSON object on a line: {"figure", "value", "unit", "how"}."""

import json


def say(figure, value, unit, how):
    """Print one figure."""
    print(json.dumps({"figure": figure, "value": value, "unit": unit, "how": how}, ensure_ascii=False), flush=True)
