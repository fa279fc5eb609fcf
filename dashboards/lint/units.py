"""The units that Grafana knows, as far as somebody here might want them.

Source: grafana/grafana, packages/grafana-data/src/valueFormats/categories.ts.
"""

_NAMES = """
none string short percent percentunit humidity dB hex0x hex sci locale pixel
bytes decbytes bits decbits kbytes deckbytes mbytes decmbytes gbytes decgbytes tbytes dectbytes pbytes decpbytes
pps binBps Bps binbps bps KiBs Kibits KBs Kbits MiBs Mibits MBs Mbits GiBs Gibits GBs Gbits
dateTimeAsIso dateTimeAsIsoNoDateIfToday dateTimeAsUS dateTimeAsLocal dateTimeAsSystem dateTimeFromNow
hertz ns µs ms s m h d dtdurationms dtdurations dthms dtdhms timeticks clockms clocks
cps ops reqps rps wps iops eps cpm opm rpm wpm mps
bool bool_yes_no bool_on_off
"""

UNITS = frozenset(_NAMES.split())
