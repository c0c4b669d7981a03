"""The command that fits the service to a hospital, on its own radiographs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from covidxray_api.cli.faults import read_settings, sentences, told_plainly
from covidxray_api.errors import RadiographError
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import percent

FROM = {"known_hospitals": "at known hospitals", "site": "at the site"}
"""Where the radiographs behind a sensitivity come from."""

if TYPE_CHECKING:
    from covidxray_api.models.site import Rate, SiteProfile
    from covidxray_api.screening.screener import Screener
    from covidxray_api.screening.site import ScoredFolder


def fit(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of 50 or more frontal chest radiographs of adults, from before 2020.",
            exists=True,
            file_okay=False,
        ),
    ],
    cases: Annotated[
        Path | None,
        typer.Option(
            help="Folder of 20 or more of the site's radiographs with COVID-19, to measure how many"
            " are found there.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the site, as answers state it.")] = "site",
    output: Annotated[Path, typer.Option(help="Profile to write.")] = Path("site.json"),
    lang: Annotated[Language, typer.Option(help="Language of what is said of files.")] = "en",
) -> None:
    """Fit the operating points to a hospital, on its radiographs from before COVID-19."""
    from covidxray_api.models.artefacts import write_json
    from covidxray_api.screening.screener import Screener
    from covidxray_api.screening.site import fit_profile, known_hospitals

    console = Console()
    seen: set[str] = set()
    with told_plainly():
        # A profile in force may be of a model that is no longer the default.
        screener = Screener.from_settings(read_settings().model_copy(update={"site": None}))
        model = screener.models.get().stored
        known_hospitals(model)
        radiographs = _score_folder(screener, folder, seen, lang, console)
        with_covid = _score_folder(screener, cases, seen, lang, console) if cases else None
        profile = fit_profile(name, model, radiographs, with_covid)
    write_json(output, profile.model_dump(mode="json"))
    console.print(_table(profile, lang))
    for doubt in profile.doubts:
        console.print(message(doubt, lang), style="red")
    console.print(f"Wrote {output}; COVIDXRAY_SITE={output} puts it in force.", markup=False)


def _score_folder(
    screener: Screener, folder: Path, seen: set[str], language: Language, console: Console
) -> ScoredFolder:
    """Score the files of a folder; say which are not taken."""
    from covidxray_api.screening.site import ScoredFolder

    files = sorted(path for path in folder.rglob("*") if path.is_file())
    scores = []
    for file in track(files, folder.name, console=console):
        found = _score(screener, file, seen, language)
        if isinstance(found, str):
            console.print(f"{file.relative_to(folder)}: {found}", markup=False)
        else:
            scores.append(found)
    return ScoredFolder(folder, scores, len(files) - len(scores))


def _score(screener: Screener, file: Path, seen: set[str], language: Language) -> float | str:
    """Return the score of a file, or why it is not taken."""
    from covidxray_api.screening.site import score

    try:
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            return message("duplicate", language)
        seen.add(digest)
        found = score(screener, data)
    except OSError as error:
        return str(error.strerror)
    except RadiographError as error:
        return sentences(error, language)[1]
    return message("not_a_chest_radiograph", language) if found is None else found


def _table(profile: SiteProfile, language: Language) -> Table:
    rows = Table(
        "operating point",
        "false positives, at most on average (95 % of profiles)",
        f"COVID-19 found {FROM[profile.cases_from]} (95 % interval)",
        title=f"{profile.name}: {profile.radiographs} radiographs, {profile.refused} files refused",
        caption=f"{profile.model.name} {profile.model.version} · shift {profile.shift:.2f},"
        " 0.50 where radiographs are like those of known hospitals",
    )

    def said(rate: Rate) -> str:
        value, low, high = (percent(each, language) for each in (rate.value, rate.low, rate.high))
        return f"{value} ({low}–{high})"

    for name, point in profile.operating_points.items():
        rows.add_row(name, said(point.false_positive_rate), said(point.sensitivity))
    return rows
