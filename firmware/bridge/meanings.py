"""What each setting means, for the pages that people read. The firmware does not import it, so it takes no room on a board."""

# key | meaning; the keys are those of load_rules.LOAD, HEAT_PUMP and GENERATOR
LOAD = """
on|smart_load: closes at this level of the battery
off|smart_load: opens below it
surplus|smart_load: on the grid it closes only while so much would be exported; 0 = whatever flows
import|smart_load: with surplus, opens above so much import
off_grid|smart_load: off-grid it is open, closed, or goes by the battery alone (soc)
rated|smart_load: what it takes; it stays open where an import limit has no room for that. 17.6 kW at most (80 A)
min_on|stays closed at least so long; off-grid and an import limit open it at once
min_off|stays open at least so long, after a start too
from|smart_load: only from this time of the day on
to|smart_load: and to this one; it needs a clock, else it stays open
of|follow: closed while there is a limit of power, an import limit, while off-grid, while the plant has an alarm, or as a contact
"""
HEAT_PUMP = """
recommend|state 3 at so much surplus
force|state 4 at so much
force_soc|state 4 only from this level of the battery on
import|back by one state above so much import
lock|state 1 while an import limit is in force, at once: section 14a, DRM, a fuse, an EMS (limit), or never for that (off)
lock_buy|state 1 above so much import too, 0 = never
lock_soc|but only below this level of the battery
lock_max|the lock lasts so long at most, over restarts too
lock_rest|after that it may not come again for so long
dwell|each state lasts so long at least; only the lock comes at once
"""
GENERATOR = """
mode|auto goes by the rules, on runs it, off stops it and takes a lock-out back
start|starts at this level of the battery
stop|stops at it
quiet_start|starts at it in quiet hours
off_grid|the rules count only off-grid; start: off-grid alone is a reason; ignore: they always count
load_on|starts when the house takes so much; 0 = never for that
load_off|stops when it takes no more than that
load_s|for so long at least
cranks|starts that are tried before it is locked out
crank|so long one start may take; without feedback it counts as running then
pause|between two starts
warm|it runs so long before its load comes on
cool|and so long after its load is off
stand|it must stand so long after its contact opened, else it is locked out
rest|between two runs, and after a start of the bridge
min_run|a run takes so long at least
feedback|contact that is closed while it runs
quiet|begin of quiet hours: then only quiet_start and mode start it; without a clock it counts as quiet
quiet_end|their end
test_d|a test run after so many days without a run; 0 = none
test|a test run takes so long
lost|nothing heard of the plant: stop, start, or keep it as it is
lost_s|for so long
"""

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
plant_host|Address of the plant in the house network, for Modbus TCP, with :port where that is not 502; empty = it hangs on RS485-1
plant_poll_ms|How often the plant is read; never under 1000 ms
plant_slow_ms|How often its other values are read
plant_import|The import limit in force is written to the plant (40040 at the grid, 40044 at the inverter; firmware since V2.5), read back, and released
plant_disconnect|A row of the contacts that lets nothing flow stops the plant (40000); without it the plant is held at 0 W
plant_reactive|Reactive power that the contacts ask for is commanded in remote EMS (40029, 40031), which puts the plant's own mode out of force: the bridge then serves the house by the power sensor; needs limit_export_w and limit_fuse_a
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
grid_reactive|Reactive dry-contact scheduling: what the table says of reactive power is shown, and commanded where plant_reactive is on
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
limit_export_w|Highest export, where export_at says; -1 = no limit
export_at|Where an export limit holds: plant (the plant gives no more than that, whatever the house takes) or grid (at the power sensor, so that the house is fed too)
limit_import_w|Highest import at the grid connection; commanded where plant_import is on; -1 = no limit
limit_off_grid_w|Highest power of the plant off-grid, and while nobody knows whether it is; -1 = no limit
limit_fuse_a|Main fuse of a single phase: neither import nor export goes above it, at 207 V; -1 = no limit
dim_import_w|Import limit while a contact dims consumption (section 14a)
do_safe_mask|Outputs closed in the safe state, bit 0 = DO1
do_expire_s|A command to an output is forgotten after so long, and the safe state holds; 0 = never
do1_owner|Who switches DO1: manual (whoever commands it), smart_load, heat_pump (both outputs, SG Ready), generator (DO1 starts it; with both outputs DO2 switches its load), follow
do2_owner|Who switches DO2
do1_rules|DO1 as a smart load, or what it follows: keys and values, `on 90 off 80`, see docs/loads.md. A text that begins with + puts keys into the rules, one with - takes keys out
do2_rules|The same of DO2
heat_pump|Heat pump: keys and values as in do1_rules, see docs/loads.md
generator|Generator: keys and values as in do1_rules, see docs/loads.md
mqtt_host|MQTT broker: its address or its name; empty = no uplink
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
recorder|Flight recorder: what was decided and why stays in memory, see docs/recorder.md; auto = on where the board has room, which a Pico W has not: there it takes 6 kB
history|What the broker misses is kept in flash and sent later, see docs/storage.md; auto = on where the board has room
led_brightness|Brightness of the LED strip
require_signature|Refuse updates without a signature
"""
