"""The functions of Modbus by number, for tools, tests and examples. Source: Modbus Application Protocol V1.1b3, 6.

A module that runs on a chip does not import this one. There a public constant costs 28 bytes, and a name in each module
that uses it, while a private one, `_READ_INPUT = const(4)`, is compiled into its place and costs nothing. So such a module
declares those that it needs under these names with an underscore, and host_tests/lib/modbus/wire/test_functions.py
compares all of them with this table.
"""

READ_COILS = 1
READ_DISCRETE = 2
READ_HOLDING = 3
READ_INPUT = 4
WRITE_COIL = 5
WRITE_REGISTER = 6
DIAGNOSE = 8
WRITE_COILS = 15
WRITE_REGISTERS = 16
MASK_REGISTER = 22
READ_WRITE = 23
IDENTIFY = 43
