"""How long a test waits for what must come. It bounds a hang and says nothing about speed: the machine may be busy."""

HANG_S = 180
