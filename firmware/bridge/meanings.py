"""What each setting means, for the pages that people read. The firmware does not import it, so it takes no room on a board."""

# name | meaning; the names are those of settings_table.TABLE, in their order
TABLE = """
rs485_1_role|What RS485-1 does: master (polls and commands the plant), gateway (and lets Modbus TCP clients reach it), listen (hears another master), server (answers one), meter (answers one as the sensor would), find (searches what answers), off
rs485_1_baud|Baud rate of RS485-1
rs485_1_parity|Parity of RS485-1
rs485_2_role|What RS485-2 does, with the sensor as RS485-1 with the plant
rs485_2_baud|Baud rate of RS485-2
rs485_2_parity|Parity of RS485-2
sensor_model|Power sensor at RS485-2
sensor_unit|Modbus unit of the sensor
sensor_longest|Most registers in one read of the sensor, as `bridgectl pace --probe-longest` finds it; 0 = as its document says
sensor_inverted|Sensor mounted backwards: power gets the other sign, import and export change places
sensor_poll_ms|How often the fast values of the sensor are read
sensor_slow_ms|How often its other values are read
plant_unit|Modbus unit of the plant
plant_poll_ms|How often the plant is read; never under 1000 ms
plant_slow_ms|How often its other values are read
server_unit|Role server: the unit that the bridge answers to
server_outputs|Role server: the other master may switch DO1 and DO2
meter_model|Role meter: the model that the bridge plays
meter_unit|Role meter: the unit that it answers to
meter_think_ms|Role meter: time from a request to the answer
meter_policy|Role meter: what is said when the sensor is stale: silent (nothing), safe (meter_safe_w), last (the last value)
meter_stale_ms|Role meter: age at which the sensor is stale
meter_safe_w|Role meter: the power that is told by policy safe
gateway_port|Role gateway: TCP port; with two gateways the sensor's is the next one
gateway_fresh_ms|Role gateway: a reply is never older; 0 = nothing is kept
gateway_deadline_ms|Role gateway: a client has its turn by then; longer where the line's own pace and those before it ask for it
gateway_idle_s|Role gateway: a client that says nothing for so long is dropped
gateway_clients|Role gateway: clients at once; the Pico W image has sockets for 3
gateway_writers|Role gateway: addresses that may write, with commas between; empty = nobody
grid_table|Table of the contacts DI1 to DI4: off, ripple (DI1 100 %, DI2 60 %, DI3 30 %, DI4 0 %), ripple_reverse (DI1 0 % .. DI4 100 %), drm (demand-response modes, see grid_drm), fnn (DI1 60 %, DI2 30 %, DI3 0 %, DI4 dims consumption), single (DI1 0 %) or own (see grid_rows)
grid_active|Active dry-contact scheduling: the table limits active power
grid_reactive|Reactive dry-contact scheduling: what the table says of reactive power is shown; this version does not command it
grid_drm|Table drm: the mode that DI1, DI2, DI3 and DI4 carry, each 0 to 8, or - for none; 5678 is DRM5 at DI1 to DRM8 at DI4
grid_rows|Table own: rows with ; between, `0100 p60 i50 c0.95 = words` is DI2 alone, active power 60 %, import 50 %, cos phi 0.95; q-30 is Q/S -30 %, d dims consumption, x disconnects. A text that begins with + puts its rows into the table, one with - takes combinations out
grid_unknown|Combination without a row: strictest (the strictest row that it contains), last (the last combination that has one), full (100 %), stated (grid_unknown_pct)
grid_unknown_pct|Limit of a combination without a row, where that is stated
grid_closed_mask|Contacts that are closed at rest, so that a broken wire counts as asking: bit 0 = DI1 .. bit 3 = DI4
grid_open_pct|Limit while no contact asks for one; 100 = none
grid_chatter_pct|Limit while a contact has not been still for 10 s; a stricter one of another contact holds
grid_settle_ms|How long a contact must be still before it counts
grid_hold_ms|How long the contacts must be still before a looser limit counts; a stricter one counts at once
limit_user_w|Highest power of the plant that its owner wants; -1 = no limit
limit_export_w|Highest export at the grid connection; the plant is held to it whatever the house takes; -1 = no limit
limit_import_w|Highest import at the grid connection; told, not commanded by this version; -1 = no limit
limit_off_grid_w|Highest power of the plant off-grid, and while nobody knows whether it is; -1 = no limit
limit_fuse_a|Main fuse of a single phase: neither import nor export goes above it, at 207 V; -1 = no limit
dim_import_w|Import limit while a contact dims consumption (section 14a)
do_safe_mask|Outputs closed in the safe state, bit 0 = DO1
do_expire_s|A command to an output is forgotten after so long, and the safe state holds; 0 = never
mqtt_host|MQTT broker; an address never blocks, a name may for some seconds; empty = no uplink
mqtt_port|MQTT port
mqtt_user|MQTT user
mqtt_password|MQTT password
mqtt_prefix|First level of the bridge's topics
mqtt_discovery|Prefix of Home Assistant discovery; empty = off
publish_ms|How often the state is published
wlan_ssid|House network
wlan_password|Password of the house network
system_name|Name of the system; empty = not created yet
time_zone|Time zone, IANA name
led_brightness|Brightness of the LED strip
require_signature|Refuse updates without a signature
"""
