"""The devices that the bench knows: the firmware's own register tables, by the names that a person types."""

from bridge.devices import sdm120ct, sdm230, sigenergy

from bridgectl.bench.port import BenchError

MODELS = {"sdm230": sdm230, "sdm120ct": sdm120ct, "plant": sigenergy}
TITLES = {"sdm230": "SDM230 (SP-DH)", "sdm120ct": "SDM120CT-40mA (SP-CT120-DH)", "plant": "plant (Sigenergy)"}


def model(name):
    """Return the register module of a model; BenchError if the name is unknown."""
    if name not in MODELS:
        raise BenchError(f"model {name!r} is unknown; known: {', '.join(MODELS)}")
    return MODELS[name]
