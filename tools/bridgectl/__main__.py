"""`python -m bridgectl` is the same as `bridgectl`."""

from bridgectl.cli import app

app(prog_name="bridgectl")
