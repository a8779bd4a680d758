"""Words that people write beside a phone number. Used by `phone_texts`.

In English and German, and in the languages of Brazil, France, India, Italy, the Netherlands, Poland
and Spain as far as they are in common use. All in small letters and in Unicode's form NFC.
"""

BETWEEN = frozenset(
    """
    oder und bzw sowie or and ou et o y u e i of en lub oraz
    """.split()  # noqa: SIM905  # a list of words is longer than it is clear
)
"""Words between two numbers."""
EXTENSIONS = (
    *("extension", "extn", "ext", "x", "extensión", "anexo", "ramal", "poste", "interno", "int"),
    *("apparat", "app", "durchwahl", "durchw", "dw", "nebenstelle", "nebenst", "nst", "klappe"),
    *("kl", "toestel", "tst", "wewnętrzny", "wewn", "wew", "доб"),
)
"""Words before the digits of an extension."""
LABELS = frozenset(
    """
    tel telefon telefonnr telefonnummer telephone telefono teléfono téléphone tél fon phone tlf
    telefone telefoon telefoonnummer telefonu numer numero número numéro num nr nummer number
    mobil mobile mobilnr mobilnummer mobiltelefon mob cell cellphone cellular cellulare movil
    móvil celular cel mobiel mobiele gsm portable port handy handynr handynummer natel
    komórka komórkowy kom whatsapp wa wsp zap sms rufnummer m t p c h w
    privat private priv privé privée prive particular personal casa home zuhause domicile dom
    domowy thuis geschäftlich geschäft gesch dienstlich dienst beruflich arbeit firma work office
    business büro bureau ufficio lavoro trabajo trabalho oficina zakelijk werk praca służbowy
    festnetz landline fixe fijo fixo fisso vast stacjonarny zentrale main callto
    """.split()  # noqa: SIM905  # a list of 100 words is longer than it is clear
)
"""Words that say what kind of number it is. Any other word may say that it is none."""
BEFORE_DIGITS = frozenset(("no", "n"))
"""Labels right before the digits, as in `Phone no. 212`; anywhere else they may deny: `(no)`."""
