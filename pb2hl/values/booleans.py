"""Yes and no in the words of several languages."""

from __future__ import annotations

import numpy as np

from pb2hl.values.parsed import Context, Parsed, one_by_one

TRUE = frozenset(
    "1 1.0 y yes true t x on ✓ ✔ ☑ checked active enabled oui vrai o ja wahr j an aktiv sí si verdadero activo sim s v "
    "verdadeiro vero attivo tak prawda ano да истина evet kyllä igen はい 是 예 subscribed opted-in done completed complete "
    "actif aktywny actief waar closed erledigt terminé terminée completado completada fatto".split()
)
FALSE = frozenset(
    "0 0.0 n no false f off ✗ ✘ ☐ unchecked inactive disabled non faux nein falsch aus inaktiv falso inactivo não nao "
    "inattivo nie fałsz ne нет ложь hayır ei nem いいえ 否 아니요 unsubscribed opted-out nee onwaar inactief inactif open pending "
    "offen ouvert abierto abierta nej".split()
)


def booleans(texts: np.ndarray, context: Context) -> Parsed:
    """Texts as True or False. `x` and ticks are True; a number other than 0 and 1 is not a boolean."""

    def convert(text: str) -> tuple[bool | None, str]:
        word = text.casefold().strip(" .!'\"[]()")
        if word in TRUE:
            return True, ""
        if word in FALSE:
            return False, ""
        return None, "neither yes nor no"

    values, reasons = one_by_one(texts, convert)
    words = sorted({text.casefold() for text, reason in zip(texts, reasons, strict=True) if not reason})
    return Parsed(values, reasons, {"words": words[:12]} if words else {})
