"""SunSpec models 1 (common) and 201 (single-phase meter) as the bridge shows its sensor: where what lies, how scaled.

Not listed = not implemented: 0x8000 in a 16-bit word, 0 in an accumulator. Import is positive, as at the sensor.
Source: SunSpec models, model_1.json and model_201.json.
"""

BASE = 40000  # "SunS", then the models one after the other, then the end mark
MARK = b"SunS"
END = b"\xff\xff\x00\x00"

COMMON, COMMON_WORDS = 1, 66  # without the two words of the header
METER, METER_WORDS = 201, 105
WORDS = 2 + 2 + COMMON_WORDS + 2 + METER_WORDS + 2

COMMON_AT = 2  # places of the headers, in words behind BASE
METER_AT = COMMON_AT + 2 + COMMON_WORDS
END_AT = METER_AT + 2 + METER_WORDS

# name | words behind the model's id | words | kind | what
MODEL_1 = """
Mn|2|16|string|manufacturer
Md|18|16|string|model
Vr|42|8|string|version
SN|50|16|string|sn
DA|66|1|uint16|unit
Pad|67|1|pad|
"""

# name | words behind the model's id | kind | point of points.POINTS, or the exponent of a scale factor | raw per unit
# Accumulators show the last plausible value of a counter, whatever its age: they know no "not available".
MODEL_201 = """
A|2|int16|sensor_current|100
AphA|3|int16|sensor_current|100
A_SF|6|sunssf|-2|
PhV|7|int16|sensor_voltage|10
PhVphA|8|int16|sensor_voltage|10
V_SF|15|sunssf|-1|
Hz|16|int16|sensor_frequency|100
Hz_SF|17|sunssf|-2|
W|18|int16|sensor_power|1
WphA|19|int16|sensor_power|1
W_SF|22|sunssf|0|
VA|23|int16|sensor_apparent_power|1
VAphA|24|int16|sensor_apparent_power|1
VA_SF|27|sunssf|0|
VAR|28|int16|sensor_reactive_power|1
VARphA|29|int16|sensor_reactive_power|1
VAR_SF|32|sunssf|0|
PF|33|int16|sensor_power_factor|1000
PFphA|34|int16|sensor_power_factor|1000
PF_SF|37|sunssf|-1|
TotWhExp|38|acc32|sensor_export_energy|1000
TotWhExpPhA|40|acc32|sensor_export_energy|1000
TotWhImp|46|acc32|sensor_import_energy|1000
TotWhImpPhA|48|acc32|sensor_import_energy|1000
TotWh_SF|54|sunssf|0|
TotVArhImpQ1|72|acc32|sensor_import_reactive|1000
TotVArhImpQ1PhA|74|acc32|sensor_import_reactive|1000
TotVArhExpQ3|88|acc32|sensor_export_reactive|1000
TotVArhExpQ3PhA|90|acc32|sensor_export_reactive|1000
TotVArh_SF|104|sunssf|0|
Evt|105|bitfield32||
"""

# Where the accumulators of model 201 lie: first and behind the last word.
ACCUMULATORS = ((38, 54), (55, 71), (72, 104))
EVENT_MISSING_SENSOR = 1 << 7
EVENT_AT = 105
