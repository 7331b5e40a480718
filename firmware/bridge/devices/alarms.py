"""The plant's alarms in words; loaded for the moment in which they change.

Source: Sigenergy Modbus Protocol V2.9, appendices, for 30027 to 30030, 30072, 30280 and 30281.
"""

import table

# word:bit | text
BITS = """
alarm_1:0|inverter: software versions differ
alarm_1:1|inverter: low insulation
alarm_1:2|inverter: over-temperature
alarm_1:3|inverter: equipment fault
alarm_1:4|inverter: system grounding
alarm_1:5|inverter: PV string over-voltage
alarm_1:6|inverter: PV string reversed
alarm_1:7|inverter: PV string back-feeding
alarm_1:8|inverter: arc fault (AFCI)
alarm_1:9|inverter: grid outage
alarm_1:10|inverter: grid over-voltage
alarm_1:11|inverter: grid under-voltage
alarm_1:12|inverter: grid over-frequency
alarm_1:13|inverter: grid under-frequency
alarm_1:14|inverter: grid voltages unbalanced
alarm_1:15|inverter: DC component too high
alarm_2:0|inverter: leakage current
alarm_2:1|inverter: communication
alarm_2:2|inverter: internal protection
alarm_2:3|inverter: arc detection failed its self-test
alarm_2:4|inverter: off-grid protection: overload
alarm_2:5|inverter: protection by hand
alarm_2:7|inverter: phase sequence
alarm_2:8|inverter: short to PE
alarm_2:9|inverter: soft start failed
alarm_ess:0|battery: software versions differ
alarm_ess:1|battery: low insulation
alarm_ess:2|battery: over-temperature
alarm_ess:3|battery: equipment fault
alarm_ess:4|battery: under-temperature
alarm_ess:5|battery: internal protection
alarm_ess:6|battery: thermal runaway
alarm_backup_gateway:0|backup gateway: software versions differ
alarm_backup_gateway:1|backup gateway: over-temperature
alarm_backup_gateway:2|backup gateway: equipment fault
alarm_backup_gateway:3|backup gateway: leakage at the off-grid output
alarm_backup_gateway:4|backup gateway: N line grounded
alarm_backup_gateway:5|backup gateway: phase sequence of the grid wiring
alarm_backup_gateway:6|backup gateway: phase sequence of the inverter wiring
alarm_backup_gateway:7|backup gateway: phase of the grid missing
alarm_dc_charger:0|DC charger: software versions differ
alarm_dc_charger:1|DC charger: low insulation
alarm_dc_charger:2|DC charger: over-temperature
alarm_dc_charger:3|DC charger: equipment fault
alarm_dc_charger:4|DC charger: charging fault
alarm_dc_charger:5|DC charger: protection
alarm_6:0|plant: no communication with the backup gateway
alarm_6:1|plant: no communication with the meter
alarm_6:2|plant: no communication with the AC power sensor
alarm_6:6|plant: feed-in limit: hard protection
alarm_6:8|plant: generator did not start
alarm_6:10|plant: CLS fault
alarm_7:0|plant: OVGR: over-voltage to ground
alarm_7:1|plant: RPR: reverse power
"""
_WORD_BITS = 16


def words(names, values):
    """Return the alarms in words, "none" without one; values: alarm words of the points `names`, None = not known."""
    told = []
    for name, value in zip(names, values):
        if value is None:
            told.append(name + " not known")
        for bit in range(_WORD_BITS if value else 0):
            if value >> bit & 1:
                row = table.row(BITS, "%s:%d" % (name[len("plant_") :], bit))
                told.append(row[1] if row else "bit %d of %s, which the document does not name" % (bit, name))
    return "; ".join(told) or "none"
