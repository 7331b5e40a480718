"""`make run`: the firmware on this PC with a simulated site, a broker and a status screen."""
