"""`python -m bridgectl.fuzzing`: see fuzz.py."""

from bridgectl.fuzzing.fuzz import main

main()
