"""Read gettext catalogues straight from their ``.po`` files.

The portal and the auth service both speak English and French and may not import each other, so the few lines
that they share live here. Catalogues are compiled in memory: there is no build step to forget, and what is
reviewed in the ``.po`` file is what people read.
"""

import gettext
import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "fr")
"""The languages of the project, complete by test; the first is that of the source texts."""


@cache
def translation(folder: Path, language: str) -> gettext.NullTranslations:
    """Return the catalogue of one language.

    Parameters
    ----------
    folder : Path
        The ``locale`` folder, holding ``<language>/LC_MESSAGES/messages.po``.
    language : str
        One of `LANGUAGES`.

    Raises
    ------
    ValueError
        If the project does not speak that language.
    FileNotFoundError
        If the catalogue is missing.

    """
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}: expected one of {', '.join(LANGUAGES)}")
    with (folder / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def best_language(accept_language: str | None, default: str) -> str:
    """Choose a language for a browser's ``Accept-Language`` header (RFC 9110, section 12.5.4).

    The order of the header decides; quality values are honoured, anything unreadable is passed over.
    """
    choices: list[tuple[float, int, str]] = []
    for position, part in enumerate((accept_language or "").split(",")):
        name, _, parameters = part.partition(";")
        language = name.strip().lower().split("-")[0]
        if language not in LANGUAGES:
            continue
        try:
            quality = float(parameters.split("=", 1)[1]) if "=" in parameters else 1.0
        except ValueError:
            continue
        if quality > 0:
            choices.append((-quality, position, language))
    return min(choices)[2] if choices else default
