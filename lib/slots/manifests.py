"""The manifests of the slots: in memory only while an update comes in or is confirmed."""

import json

from slots import head
from slots.version import Refused, version_key


def read(carrier, slot):
    """Return the manifest of a slot as a dict, or None if it has no head that can be read."""
    try:
        _, _, manifest, signature = head.lengths(carrier.read(slot, 0, head.FIXED_BYTES))
        raw = carrier.read(slot, 0, head.FIXED_BYTES + manifest + signature + head.SUM_BYTES)
        found = json.loads(raw[head.FIXED_BYTES : head.FIXED_BYTES + manifest]) if head.whole(raw) else None
    except (Refused, OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def newer(version, floor):
    """Return the newer of two versions as text; None counts as no version. Raises Refused if one is none."""
    return version if version is not None and version_key(version) > version_key(floor) else floor
