"""Documents as Markdown, from the templates in `templates/`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

Figure = Mapping[str, Any]
"""A figure with its interval, as `Interval._asdict` returns it: value, low, high, n."""


def render(template: str, **values: object) -> str:
    """Return a document.

    Parameters
    ----------
    template : str
        File name of the template, without its ending.
    **values : object
        What the template names.

    Raises
    ------
    jinja2.UndefinedError
        If the template names what it is not given.
    """
    return _environment().get_template(f"{template}.md.j2").render(values)


def figure(found: Figure) -> str:
    """Return a figure with its interval and n: ``0.929 (0.913–0.944, n = 1,247)``."""
    return f"{found['value']:.3f} ({found['low']:.3f}–{found['high']:.3f}, n = {found['n']:,})"


def share(found: Figure) -> str:
    """Return a share with its interval and n: ``0.2% (0.1%–0.3%, n = 3,402)``."""
    return f"{found['value']:.1%} ({found['low']:.1%}–{found['high']:.1%}, n = {found['n']:,})"


def share_of_some(found: Figure | None) -> str:
    """Return a share as `share` does; a dash where there was nothing to count."""
    return share(found) if found else "–"


def auroc(found: Figure | float) -> str:
    """Return an AUROC with its interval, if it has one: ``0.9756 (0.9683–0.9822)``."""
    if isinstance(found, float):
        return f"{found:.4f}"
    return f"{found['value']:.4f} ({found['low']:.4f}–{found['high']:.4f})"


def counted(names: Mapping[str, int]) -> str:
    """Return counts with their sum: ``3: here 1, there 2``."""
    return f"{sum(names.values()):,}: " + ", ".join(f"{name} {n:,}" for name, n in names.items())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("covidxray_api.training.pages"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "figure": figure,
        "share": share,
        "share_of_some": share_of_some,
        "auroc": auroc,
        "counted": counted,
        "count": lambda n: f"{n:,}",
        "percent": lambda value: f"{value:.1%}",
        "code": lambda text: f"`{text}`",
    }
    return environment
