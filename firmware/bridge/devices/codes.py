"""What the plant's codes stand for; loaded for the moment in which one changes.

Source: Sigenergy Modbus Protocol V2.9, the rows of 30003, 30004 and 30009, and appendix 1.
"""

import table

# point:code | text
CODES = """
plant_ems_mode:0|maximum self-consumption
plant_ems_mode:1|AI
plant_ems_mode:2|time of use
plant_ems_mode:5|full feed-in
plant_ems_mode:7|remote EMS
plant_ems_mode:9|custom
plant_grid_sensor:0|not connected
plant_grid_sensor:1|connected
plant_off_grid:0|on-grid
plant_off_grid:1|off-grid
plant_off_grid:2|off-grid, by hand
plant_running_state:0|standby
plant_running_state:1|running
plant_running_state:2|fault
plant_running_state:3|shut down
plant_running_state:7|fault of its surroundings
"""


def word(point, code):
    """Return what a code of a point stands for, None if the document does not say."""
    row = table.row(CODES, "%s:%d" % (point, code))
    return row and row[1]
