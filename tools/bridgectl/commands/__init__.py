"""The commands of `bridgectl` by what they work with; each list of commands is one line of the help."""
