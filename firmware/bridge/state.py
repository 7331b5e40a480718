"""What the bridge knows, in one place. Each field has one writer, the task named first in its comment.

A command from outside is a field too: the next decide() sees it together with everything else.
"""

from bridge.readings import Readings

_UNKNOWN = ("not connected", "not connected", "all dormant", "not connected")  # what unlit segments say


class State:
    """All fields with their values before anything is known; unknown means safe."""

    def __init__(self, version="", reset_cause="unknown", sn=""):
        self.version = version  # app: version of the running slot
        self.reset_cause = reset_cause  # app: power, watchdog, restart, restart or panic, or unknown
        self.restart_reason = ""  # app: why the bridge ended its last life by itself; "" = it did not
        self.damaged = ""  # app: names of the records that cannot be read in any copy
        self.sn = sn  # app: serial number of the plant, from provisioning

        self.inputs = 0  # field_io: debounced contacts, bit 0 = DI1, 1 = closed
        self.inputs_settled = False  # field_io: every contact was still for the settle time since start
        self.inputs_at = 0  # field_io: ticks of the last settled change
        self.input_edges = 0  # field_io: settled changes so far
        self.chatter = 0  # field_io: changes of contacts that did not last
        self.chattering = 0  # field_io: contacts that are never still, bit 0 = DI1
        self.blind_ms = 0  # field_io: longest time in which the contacts were not looked at, since start
        self.outputs = 0  # field_io: contacts as driven, bit 0 = DO1
        self.button_presses = 0  # field_io: debounced presses so far

        self.reset_asked = False  # field_io: a person held the button for a factory reset

        self.readings = Readings()  # buses: values of all points; the object stays, its cells change
        self.sensor_link = "starting"  # reports: starting, ok, partly, refuses, silent, noisy; off if no port is for it
        self.plant_link = "starting"  # reports: as sensor_link
        self.sensor_why = ""  # reports: why the link is partly, or refuses, in words
        self.sensor_direction = ""  # direction: "right", or that it seems mounted backwards, and why; "" = not known
        self.direction_known = None  # direction: sensor_inverted with which it was found right, None = it was not
        self.plant_why = ""  # reports: as sensor_why
        self.rs485 = ("", "")  # reports: what RS485-1 and RS485-2 do and how it goes, in words
        self.rs485_stats = ({}, {})  # reports: of each port, counts by result and the pace of its slave
        self.bus_exchanges = 0  # reads: good exchanges so far, of both ports
        self.plant_limit_state = "idle"  # limit: what holds at the plant now, one of grid.command.STATES
        self.plant_limit_text = ""  # limit: why, where the state needs a reason
        self.plant_limit_w = None  # limit: what the plant shall hold, W; None = no limit
        self.plant_limit_at = 0  # limit: ticks of the last change of plant_limit_state or its text
        self.edge_to_write_ms = -1  # limit: from a contact edge that brought a limit to the plant's answer to its write

        self.limit_pct = 100  # control: active-power limit in force, % of the plant's highest active power
        self.limit_reason = ""  # control: who limits and why, in words; "" = nobody
        self.import_pct = 100  # control: import limit that the contacts ask for, % of the same
        self.import_w = None  # control: strictest import limit of all that ask for one, W; None = nobody
        self.cap_w = None  # control: strictest limit at the plant beside that of the contacts, W; None = nobody
        self.limits = ""  # control: all limits in words, strictest first, if others than the contacts limit
        self.ems_asked = ()  # commands: what an EMS asks for and nobody has taken yet, (quantity, W, for s) each
        self.ems_taken = ()  # limit: the ems_asked that was obeyed last
        self.ems_limits = ()  # limit: what an EMS asks for, (quantity, W, for s, until s) each
        self.rated_w = 0  # limit: the plant's rated power, the last one that was known; 0 = none
        self.reactive = None  # control: reactive power that the contacts ask for, (kind, value) of grid_rows
        self.export_w = None  # control: strictest export limit, W; None = nobody limits
        self.export_cap_w = None  # orders: what the plant may give so that it holds, W; None = export_w alone
        self.orders = ""  # orders: what is commanded at the plant beside its limit, and what became of it
        self.orders_owed = None  # orders: something of it is not released; None = as at the start
        self.limit_edges = 0  # control: limits so far that a contact edge brought
        self.limit_edge_at = 0  # control: ticks of that edge, or of the end of the hold time of a looser limit
        self.limit_wanted = False  # control: the plant shall be commanded (grid scheduling is on and inputs settled)
        self.outputs_wanted = 0  # control: contacts to drive, bit 0 = DO1

        self.driven = None  # outputs: contacts that rules drive, bit 0 = DO1; None = no rule is at work
        self.outputs_text = ""  # outputs: what rules make of the outputs, and why; "" = none owns one
        self.day_clock = None  # commands: time of the day, (minute, s of the clock then); None = never told

        self.history = None  # history: hands over what was kept while the uplink was away; None = nothing is kept
        self.recorder = None  # recorder: takes what is decided, and by what; None = nobody records

        self.output_command = (None, None)  # commands: outputs asked for by MQTT, see grid.outputs
        self.server_command = (None, None)  # server: outputs asked for by the other master, as output_command
        self.gateway_waits = False  # pulse: the memory has no room for the gateways while the hotspot is open
        self.gateway = {}  # clients: text, clients and counts of the gateways
        self.uplink_connected = False  # uplink: logged in at the broker
        self.uplink_announced = False  # uplink: all discovery messages of this session are acknowledged
        self.uplink_commands = None  # uplink: whether commands can come in, None = not known
        self.uplink_text = "no broker set"  # uplink: state in words
        self.uplink_counts = {}  # uplink: published, dropped, reconnects, queued

        self.system_created = False  # hotspot: a system has been created (settings.system_name is set)
        self.hotspot_possible = None  # hotspot: a radio, provisioned name and password are there; None = unknown
        self.hotspot_presses = 0  # hotspot: presses of the button that it has seen
        self.hotspot_open = False  # hotspot: the hotspot is on the air
        self.hotspot_left_s = -1  # hotspot: s until it closes, -1 = stays open
        self.hotspot_clients = 0  # hotspot: phones joined
        self.radio_text = ""  # hotspot: why there is no radio, "" = there is one
        self.wlan_state = "off"  # network: off, joining, joined, wrong password, not found or failed
        self.wlan_kept = None  # network: flash holds what joined last; None = as at the start
        self.wlan_refused = ""  # network: "name: why" of a network that was tried and given up for the old one
        self.wlan_address = ""  # network: address in the house network
        self.wlan_signal = 0  # network: dBm
        self.name_servers = None  # network: addresses of the name servers, () = the system's own, None = no network
        self.scan_refused = ""  # hotspot: why no search for networks may be asked for now, "" = one may
        self.wlan_networks = ()  # hotspot: last scan, (ssid, dBm, secured) each

        self.portal_busy_at = None  # portal: ticks of the last request of a phone
        self.portal_listens = False  # portal: the pages can be had
        self.scan_wanted = 0  # portal: count of scans asked for

        self.segments = _UNKNOWN  # leds: states of DC, AC, BAT and MGMT
        self.alarms = "not known"  # leds: the plant's alarms in words, or "none"

        self.update_slot = ""  # app: slot that runs, a or b
        self.update_trial = False  # trial: it is on trial
        self.trial_begun_s = None  # trial: s of the monotonic clock when the trial began
        self.hotspot_for_trial = False  # trial: the hotspot shall be open, so that the new version can be reached
        self.version_decided = False  # trial: the running version stays, or was steady for a minute
        self.update_asked = ""  # commands: address of a bundle that is to be fetched
        self.update_taken = ""  # updater: the last one of these that it took
        self.update_state = "idle"  # updater: idle, receiving, installed or refused
        self.update_percent = 0  # updater: of the bundle that is coming in
        self.update_text = ""  # updater: what happened, in words

        self.beats_ok = False  # pulse: every essential task beats
        self.steady_s = 0  # pulse: for so long they have beaten
        self.uptime_s = 0  # pulse: s since start
        self.heap_free = 0  # pulse: bytes
        self.heap_at_s = 0  # pulse: uptime when it was measured
        self.system_heap = None  # pulse: (bytes free, largest piece) of the drivers' own memory, None = there is none
        self.heap_min = 0  # pulse: least bytes free after a collection since start
