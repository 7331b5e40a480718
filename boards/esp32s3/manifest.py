# What the port freezes itself, and nothing of ours: the application is the slot, in one place only.

include("$(PORT_DIR)/boards/manifest.py")
