"""Names of countries in English and German, simplified; written by `make countries`."""

COUNTRY_TABLE = """\
AC|asc|ascension|ascension island
AD|and|andorra
AE|are|united arab emirates|vereinigte arabische emirate
AF|afg|afghanistan
AG|antigua and barbuda|antigua und barbuda|atg
AI|aia|anguilla
AL|alb|albania|albanien
AM|arm|armenia|armenien
AO|ago|angola
AR|arg|argentina|argentinien
AS|american samoa|amerikanisch samoa|asm
AT|austria|aut|oesterreich|osterreich
AU|aus|australia|australien
AW|abw|aruba
AX|ala|aland islands|alandinseln
AZ|aserbaidschan|aze|azerbaijan
BA|bih|bosnia and herzegovina|bosnien und herzegowina
BB|barbados|brb
BD|bangladesch|bangladesh|bgd
BE|bel|belgien|belgium
BF|bfa|burkina faso
BG|bgr|bulgaria|bulgarien
BH|bahrain|bhr
BI|bdi|burundi
BJ|ben|benin
BL|blm|st barthelemy
BM|bermuda|bmu
BN|brn|brunei|brunei darussalam
BO|bol|bolivia|bolivien
BQ|bes|caribbean netherlands|karibische niederlande
BR|bra|brasilien|brazil
BS|bahamas|bhs
BT|bhutan|btn
BW|botsuana|botswana|bwa
BY|belarus|blr
BZ|belize|blz
CA|can|canada|kanada
CC|cck|cocos keeling islands|kokosinseln
CD|cod|congo kinshasa|kongo kinshasa|zar
CF|caf|central african republic|zentralafrikanische republik
CG|cog|congo brazzaville|kongo brazzaville
CH|che|schweiz|switzerland
CI|civ|cote d ivoire
CK|cok|cook islands|cookinseln
CL|chile|chl
CM|cameroon|cmr|kamerun
CN|china|chn
CO|col|colombia|kolumbien
CR|costa rica|cri
CU|cub|cuba|kuba
CV|cabo verde|cape verde|cpv
CW|curacao|cuw
CX|christmas island|cxr|weihnachtsinsel
CY|cyp|cyprus|zypern
CZ|cze|czechia|tschechien
DE|ddr|deu|deutschland|germany
DJ|dji|djibouti|dschibuti
DK|daenemark|danemark|denmark|dnk
DM|dma|dominica
DO|dom|dominican republic|dominikanische republik
DZ|algeria|algerien|dza
EC|ecu|ecuador
EE|est|estland|estonia
EG|aegypten|agypten|egy|egypt
EH|esh|western sahara|westsahara
ER|eri|eritrea
ES|esp|spain|spanien
ET|aethiopien|athiopien|eth|ethiopia
FI|fin|finland|finnland
FJ|fidschi|fiji|fji
FK|falkland islands|falklandinseln|flk
FM|fsm|micronesia|mikronesien
FO|faeroeer|faroe islands|faroer|fro
FR|fra|france|frankreich|fxx
GA|gab|gabon|gabun
GB|gbr|united kingdom|vereinigtes koenigreich|vereinigtes konigreich
GD|grd|grenada
GE|geo|georgia|georgien
GF|franzoesisch guayana|franzosisch guayana|french guiana|guf
GG|ggy|guernsey
GH|gha|ghana
GI|gib|gibraltar
GL|greenland|grl|groenland|gronland
GM|gambia|gmb
GN|gin|guinea
GP|glp|guadeloupe
GQ|aequatorialguinea|aquatorialguinea|equatorial guinea|gnq
GR|grc|greece|griechenland
GT|gtm|guatemala
GU|guam|gum
GW|gnb|guinea bissau
GY|guy|guyana
HK|hkg|hong kong sar china|sonderverwaltungsregion hongkong
HN|hnd|honduras
HR|croatia|hrv|kroatien
HT|haiti|hti
HU|hun|hungary|ungarn
ID|idn|indonesia|indonesien
IE|ireland|irl|irland
IL|isr|israel
IM|imn|isle of man
IN|ind|india|indien
IO|britisches territorium im indischen ozean|british indian ocean territory|iot
IQ|irak|iraq|irq
IR|iran|irn
IS|iceland|isl|island
IT|ita|italien|italy
JE|jersey|jey
JM|jam|jamaica|jamaika
JO|jor|jordan|jordanien
JP|japan|jpn
KE|ken|kenia|kenya
KG|kgz|kirgisistan|kyrgyzstan
KH|cambodia|kambodscha|khm
KI|kir|kiribati
KM|com|comoros|komoren
KN|kna|st kitts and nevis|st kitts und nevis
KP|nordkorea|north korea|prk
KR|kor|south korea|sudkorea|suedkorea
KW|kuwait|kwt
KY|cayman islands|cym|kaimaninseln
KZ|kasachstan|kaz|kazakhstan
LA|lao|laos
LB|lbn|lebanon|libanon
LC|lca|st lucia
LI|lie|liechtenstein
LK|lka|sri lanka
LR|lbr|liberia
LS|lesotho|lso
LT|litauen|lithuania|ltu
LU|lux|luxembourg|luxemburg
LV|latvia|lettland|lva
LY|lby|libya|libyen
MA|mar|marokko|morocco
MC|mco|monaco
MD|mda|moldova|republik moldau
ME|mne|montenegro
MF|maf|st martin
MG|madagascar|madagaskar|mdg
MH|marshall islands|marshallinseln|mhl
MK|mkd|nordmazedonien|north macedonia
ML|mali|mli
MM|bur|mmr|myanmar|myanmar burma
MN|mng|mongolei|mongolia
MO|mac|macao sar china|sonderverwaltungsregion macau
MP|mnp|noerdliche marianen|nordliche marianen|northern mariana islands
MQ|martinique|mtq
MR|mauretanien|mauritania|mrt
MS|montserrat|msr
MT|malta|mlt
MU|mauritius|mus
MV|maldives|malediven|mdv
MW|malawi|mwi
MX|mex|mexico|mexiko
MY|malaysia|mys
MZ|mosambik|moz|mozambique
NA|nam|namibia
NC|ncl|neukaledonien|new caledonia
NE|ner|niger
NF|nfk|norfolk island|norfolkinsel
NG|nga|nigeria
NI|nic|nicaragua
NL|netherlands|niederlande|nld
NO|nor|norway|norwegen
NP|nepal|npl
NR|nauru|nru
NU|niu|niue
NZ|neuseeland|new zealand|nzl
OM|oman|omn
PA|pan|panama
PE|per|peru
PF|franzoesisch polynesien|franzosisch polynesien|french polynesia|pyf
PG|papua neuguinea|papua new guinea|png
PH|philippinen|philippines|phl
PK|pak|pakistan
PL|pol|poland|polen
PM|spm|st pierre and miquelon|st pierre und miquelon
PR|pri|puerto rico
PS|palaestinensische autonomiegebiete|palastinensische autonomiegebiete|palestinian territories|pse
PT|portugal|prt
PW|palau|plw
PY|paraguay|pry
QA|katar|qat|qatar
RE|reu|reunion
RO|romania|rou|rumaenien|rumanien
RS|serbia|serbien|srb
RU|rus|russia|russland
RW|ruanda|rwa|rwanda
SA|sau|saudi arabia|saudi arabien
SB|salomonen|slb|solomon islands
SC|seychellen|seychelles|syc
SD|sdn|sudan
SE|schweden|swe|sweden
SG|sgp|singapore|singapur
SH|shn|st helena|st helena ascension and tristan da cunha
SI|slovenia|slowenien|svn
SJ|sjm|spitzbergen und jan mayen|svalbard and jan mayen
SK|slovakia|slowakei|svk
SL|sierra leone|sle
SM|san marino|smr
SN|sen|senegal
SO|som|somalia
SR|sur|suriname
SS|south sudan|ssd|sudsudan|suedsudan
ST|sao tome and principe|sao tome und principe|stp
SV|el salvador|slv
SX|sint maarten|sxm
SY|syr|syria|syrien
SZ|eswatini|swz
TA|taa|tristan da cunha
TC|tca|turks and caicos islands|turks und caicosinseln
TD|chad|tcd|tschad
TG|tgo|togo
TH|tha|thailand
TJ|tadschikistan|tajikistan|tjk
TK|tkl|tokelau
TL|timor leste|tls|tmp
TM|tkm|turkmenistan
TN|tun|tunesien|tunisia
TO|ton|tonga
TR|tuerkei|tuerkiye|tur|turkei|turkiye
TT|trinidad and tobago|trinidad und tobago|tto
TV|tuv|tuvalu
TW|taiwan|twn
TZ|tansania|tanzania|tza
UA|ukr|ukraine
UG|uga|uganda
US|united states|usa|vereinigte staaten
UY|uruguay|ury
UZ|usbekistan|uzb|uzbekistan
VA|vat|vatican city|vatikanstadt
VC|st vincent and grenadines|st vincent und die grenadinen|vct
VE|ven|venezuela
VG|britische jungferninseln|british virgin islands|vgb
VI|amerikanische jungferninseln|u s virgin islands|vir
VN|vietnam|vnm
VU|vanuatu|vut
WF|wallis and futuna|wallis und futuna|wlf
WS|samoa|wsm
XK|kosovo|xkk
YE|jemen|yem|yemen|ymd
YT|mayotte|myt
ZA|south africa|sudafrika|suedafrika|zaf
ZM|sambia|zambia|zmb
ZW|simbabwe|zimbabwe|zwe
"""
"""ISO 3166 code, then the code of three letters and the names in the Unicode CLDR."""
