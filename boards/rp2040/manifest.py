# What is frozen into the image: the libraries, which halves their RAM. The slot comes first on sys.path: a library in a
# slot wins over the frozen one, so an image never ties down an update.

include("$(PORT_DIR)/boards/manifest.py")
require("bundle-networking")

_LIB = "$(BOARD_DIR)/../../lib"
for _name in ("modbus", "mqtt", "captive", "store", "slots"):
    package(_name, base_path=_LIB)
for _name in ("clock.py", "log.py", "supervisor.py"):
    module(_name, base_path=_LIB)
