"""The command that fits the service to a hospital, on its own radiographs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from covidxray_api.cli.faults import read_settings, sentences, told_plainly
from covidxray_api.errors import RadiographError
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import count, number, percent

FOUND = {"known_hospitals": "fit_found_known_hospitals", "site": "fit_found_site"}
"""What is said of a sensitivity, by where its radiographs come from."""

if TYPE_CHECKING:
    from covidxray_api.models.manifest import Manifest
    from covidxray_api.models.site import Rate, SiteProfile
    from covidxray_api.screening.screener import Screener
    from covidxray_api.screening.site import Read, SiteFolder


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
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV of further radiographs of the site (film, label), to fit the temperature"
            " there; those with COVID-19 count among the cases.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the site, as answers state it.")] = "site",
    output: Annotated[Path, typer.Option(help="Profile to write.")] = Path("site.json"),
    lang: Annotated[Language, typer.Option(help="Language of what is said.")] = "en",
) -> None:
    """Fit the operating points to a hospital, on its radiographs from before COVID-19."""
    from covidxray_api.models.artefacts import write_json
    from covidxray_api.screening.screener import Screener
    from covidxray_api.screening.site import fit_profile, known_hospitals
    from covidxray_api.screening.site_labels import read_labels

    reader = _Reader(Console(), lang)
    with told_plainly():
        # A profile in force may be of a model that is no longer the default.
        screener = Screener.from_settings(read_settings().model_copy(update={"site": None}))
        model = screener.models.get().stored
        known_hospitals(model)
        listed = read_labels(labels, model.manifest.codes) if labels else []
        radiographs = reader.read(screener, folder, _files(folder))
        with_covid = reader.read(screener, cases, _files(cases)) if cases else None
        labelled = reader.read(screener, labels, listed) if labels else None
        profile = fit_profile(name, model, radiographs, with_covid, labelled)
    write_json(output, profile.model_dump(mode="json"))
    console = reader.console
    console.print(_table(profile, model.manifest, lang))
    for said in _remarks(profile, model.manifest, lang):
        console.print(said, markup=False)
    for doubt in profile.doubts:
        console.print(message(doubt, lang), style="red")
    console.print(message("fit_written", lang).format(path=output), markup=False)


def _files(folder: Path) -> list[tuple[Path, None]]:
    return [(path, None) for path in sorted(folder.rglob("*")) if path.is_file()]


class _Reader:
    """Reads the files of a site, each once, and says which are not taken."""

    def __init__(self, console: Console, language: Language) -> None:
        self.console = console
        self._language = language
        self._seen: set[str] = set()

    def read(
        self, screener: Screener, place: Path, files: Iterable[tuple[Path, str | None]]
    ) -> SiteFolder:
        """Read the files of a folder, or of a table, with the label of each."""
        from covidxray_api.screening.site import SiteFolder

        listed = list(files)
        taken: list[Read] = []
        folder = place if place.is_dir() else place.parent
        for file, label in track(listed, place.name, console=self.console):
            found = self._read(screener, file, label)
            if isinstance(found, str):
                shown = file.relative_to(folder) if file.is_relative_to(folder) else file
                self.console.print(f"{shown}: {found}", markup=False)
            else:
                taken.append(found)
        return SiteFolder(place, taken, len(listed) - len(taken))

    def _read(self, screener: Screener, file: Path, label: str | None) -> Read | str:
        """Return what is found of a file, or why it is not taken."""
        from covidxray_api.screening.site import read

        try:
            data = file.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            if digest in self._seen:
                return message("duplicate", self._language)
            self._seen.add(digest)
            found = read(screener, data, label)
        except OSError as error:
            return str(error.strerror)
        except RadiographError as error:
            return sentences(error, self._language)[1]
        return message("not_a_chest_radiograph", self._language) if found is None else found


def _table(profile: SiteProfile, manifest: Manifest, language: Language) -> Table:
    n = count(profile.cases, language)
    rows = Table(
        message("fit_point", language),
        message("fit_false_positives", language),
        message(FOUND[profile.cases_from], language).format(
            target=_target(manifest, language), n=n
        ),
        title=message("fit_title", language).format(
            name=profile.name, radiographs=profile.radiographs, refused=profile.refused
        ),
        caption=f"{profile.model.name} {profile.model.version}",
    )
    for name, point in profile.operating_points.items():
        rows.add_row(
            name, _said(point.false_positive_rate, language), _said(point.sensitivity, language)
        )
    return rows


def _remarks(profile: SiteProfile, manifest: Manifest, language: Language) -> Iterator[str]:
    """Yield how like the known hospitals the site is, and what its labels say."""
    from covidxray_api.models.site_fitting import ALIKE, LEAST_CASES

    def decimal(value: float) -> str:
        return number(value, language)

    low, high = map(decimal, ALIKE)
    shift = decimal(profile.shift)
    yield message("fit_shift", language).format(shift=shift, low=low, high=high)
    if profile.remoteness:
        remoteness, most = decimal(profile.remoteness.value), decimal(profile.remoteness.most)
        yield message("fit_remoteness", language).format(remoteness=remoteness, most=most)
    labelled = profile.labelled
    if labelled is None:
        return
    found = labelled.temperature
    yield message("fit_temperature", language).format(
        value=decimal(found.value),
        low=decimal(found.low),
        high=decimal(found.high),
        own=decimal(manifest.temperature),
        n=count(labelled.radiographs, language),
    )
    if labelled.found and profile.cases_from != "site":
        yield message("fit_few_cases", language).format(
            n=labelled.cases,
            target=_target(manifest, language),
            found=round(labelled.found.value * labelled.cases),
            low=percent(labelled.found.low, language),
            high=percent(labelled.found.high, language),
            least=LEAST_CASES,
        )


def _target(manifest: Manifest, language: Language) -> str:
    from covidxray_api.models.manifest import BALANCED

    target = manifest.operating_points[BALANCED].target
    return manifest.labels[manifest.codes.index(target)].display[language]


def _said(rate: Rate, language: Language) -> str:
    value, low, high = (percent(each, language) for each in (rate.value, rate.low, rate.high))
    return f"{value} ({low}–{high})"
