"""Registers of the Eastron SDM120CT-40mA (Sigen Sensor SP-CT120-DH): float32 input registers, big-endian.

Source: Eastron SDM120 Modbus protocol V2.4/V2.5 and the EU text. The two disagree on the phase angle (EU only) and on
the demand values (V2.x only), so those are optional: a meter that refuses them goes on without.
"""

UNIT = 1
FUNCTION = 4
LONGEST = 60  # registers in one read

# address | kind | scale | point | how often | optional
REGISTERS = """
0|f|1|sensor_voltage|fast|
6|f|1|sensor_current|fast|
12|f|1|sensor_power|fast|
18|f|1|sensor_apparent_power|fast|
24|f|1|sensor_reactive_power|fast|
30|f|1|sensor_power_factor|fast|
36|f|1|sensor_phase_angle|slow|optional
70|f|1|sensor_frequency|slow|
72|f|1|sensor_import_energy|slow|
74|f|1|sensor_export_energy|slow|
76|f|1|sensor_import_reactive|slow|
78|f|1|sensor_export_reactive|slow|
84|f|1|sensor_power_demand|slow|optional
86|f|1|sensor_power_demand_max|slow|optional
88|f|1|sensor_import_demand|slow|optional
90|f|1|sensor_import_demand_max|slow|optional
92|f|1|sensor_export_demand|slow|optional
94|f|1|sensor_export_demand_max|slow|optional
258|f|1|sensor_current_demand|slow|optional
264|f|1|sensor_current_demand_max|slow|optional
342|f|1|sensor_total_energy|slow|
344|f|1|sensor_total_reactive|slow|
"""
