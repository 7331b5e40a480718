"""`python -m bridgectl.fuzzing`: see fuzz.py."""

from bridgectl.fuzzing import main

main()
