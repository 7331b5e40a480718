"""How the models are told apart by their registers; read by modbus.find.models, which explains the columns.

Source: the register tables beside this file. Meter code: SDM120 protocol V2.5; the SDM230's is not published. Registers
384 and 386 stand in the SDM230's V1.1 only and in no SDM120's text; 36 is in every SDM230's, but only in the SDM120's EU
text.
"""

# model | tests | why | overheard
SIGNATURES = """
plant|4:30051:1:ok|answers register 30051|4:30000-30999
sdm120ct|3:64514:1:=32|meter code 0x0020|
sdm230|4:0:2:80..300 4:70:2:45..65 4:384:2:ok|has register 384, which only the SDM230 has|4:384-387
sdm120ct|4:0:2:80..300 4:70:2:45..65 4:36:2:refused|lacks register 36, which every SDM230 has|
sdm230 or sdm120ct|4:0:2:80..300 4:70:2:45..65|the registers of both; read the label|4:0-399
"""
