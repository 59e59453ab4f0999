"""Small pieces of HTML that several drawings share; whatever people or devices wrote is escaped here."""

from collections.abc import Iterable, Sequence

from portal.text import markup

MODALITY_COLOURS = {
    "CT": "#0F6E84",
    "MR": "#7A5AA6",
    "PT": "#C4553B",
    "NM": "#C4553B",
    "US": "#3E7A3B",
    "CR": "#4F6F8B",
    "DX": "#4F6F8B",
    "XA": "#4F6F8B",
    "MG": "#4F6F8B",
    "SEG": "#8F5F0A",
    "SR": "#9A4C7A",
}
"""Colours by which eyes find a modality again; its letters always stand with it."""

SEPARATOR = ' <span aria-hidden="true">·</span> '

OTHER_COLOUR = "#66757F"


def colour(modality: str) -> str:
    """Return a modality's colour."""
    return MODALITY_COLOURS.get(modality, OTHER_COLOUR)


def badges(modalities: Iterable[str]) -> str:
    """Return modalities as badges."""
    return "".join(badge(modality, colour(modality)) for modality in modalities)


def badge(text: str, tone: str) -> str:
    """Return a word as a badge, in a colour of CSS."""
    return f'<span class="badge" style="--c:{tone}">{markup(text)}</span>'


def picture(address: str | None, alt: str, *, shape: str) -> str:
    """Return a picture by its address, or what stands in its place.

    Parameters
    ----------
    address : str or None
        Behind the gate: the browser asks for it with the person's cookie.
    alt : str
        What it shows.
    shape : str
        A class of the style sheet: ``small`` or ``wide``.

    """
    label = markup(alt)
    if address is None:
        return f'<div class="picture {shape} none" role="img" aria-label="{label}">{sign("hide_image")}</div>'
    return (
        f'<div class="picture {shape}"><img src="{markup(address)}" alt="{label}" loading="lazy"'
        ' decoding="async"></div>'
    )


def sign(icon: str) -> str:
    """Return an icon that says nothing that is not also in words beside it."""
    return f'<span class="sign" aria-hidden="true">{icon}</span>'


def facts(parts: Sequence[str]) -> str:
    """Return short facts in one quiet line, those that are empty left out."""
    return SEPARATOR.join(f"<span>{markup(part)}</span>" for part in parts if part)
