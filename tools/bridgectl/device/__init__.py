"""From sources to a board: build, bundle, flash, provision."""
