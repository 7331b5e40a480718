"""The register table of the Eastron SDM120CT; in memory only while reads are planned. Source: sdm120ct.py."""

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
