"""The README of a folder of samples: where the images come from, whose they are, what was done to them."""

from pathlib import Path
from string import Template

from deploy.samples import clinical

NAME = "README.md"

_TEMPLATE = Path(__file__).with_name("notices.md")


def write(folder: Path, unusable: dict[str, str]) -> Path:
    """Write the README, naming the clinical files and those that could not be used."""
    chosen = "\n".join(f"- `{kind.key}`: {kind.what} (`{kind.file}`)" for kind in clinical.KINDS)
    broken = "\n".join(f"- `{name}`: {reason}" for name, reason in unusable.items())
    target = folder / NAME
    text = Template(_TEMPLATE.read_text(encoding="utf-8"))
    target.write_text(text.substitute(clinical=chosen, unusable=broken or "- none"), encoding="utf-8")
    return target
