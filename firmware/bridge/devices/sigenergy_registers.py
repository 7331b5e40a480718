"""The register table of the plant; in memory only while reads are planned. Source: sigenergy.py."""

# address | kind | scale | point | how often | optional
REGISTERS = """
30003|H|1|plant_ems_mode|fast|
30004|H|1|plant_grid_sensor|fast|
30005|i|1|plant_grid_power|fast|
30007|i|1|plant_grid_reactive|fast|
30009|H|1|plant_off_grid|fast|
30010|I|1|plant_max_power|fast|
30014|H|0.1|plant_soc|fast|
30027|H|1|plant_alarm_1|fast|
30028|H|1|plant_alarm_2|fast|
30029|H|1|plant_alarm_ess|fast|
30030|H|1|plant_alarm_backup_gateway|fast|
30031|i|1|plant_power|fast|
30033|i|1|plant_reactive|fast|
30035|i|1|plant_pv_power|fast|
30037|i|1|plant_ess_power|fast|
30047|I|1|plant_ess_charge_max|fast|
30049|I|1|plant_ess_discharge_max|fast|
30051|H|1|plant_running_state|fast|
30072|H|1|plant_alarm_dc_charger|slow|optional
30087|H|0.1|plant_soh|slow|optional
30088|Q|0.01|plant_pv_energy|slow|optional
30094|Q|0.01|plant_load_energy|slow|optional
30280|H|1|plant_alarm_6|slow|optional
30281|H|1|plant_alarm_7|slow|optional
30284|i|1|plant_load_power|slow|optional
"""
