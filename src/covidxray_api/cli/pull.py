"""The command that screens the radiographs of an archive, and files the results there."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from covidxray_api.cli.faults import check_hospital_extra, read_settings, told_plainly
from covidxray_api.errors import CovidXrayError
from covidxray_api.texts import Language, message

if TYPE_CHECKING:
    from covidxray_api.hospital.archive import Archive, Place
    from covidxray_api.screening.screener import Screener


def pull(
    url: Annotated[
        str,
        typer.Argument(help="DICOMweb service of the archive, as https://pacs.example/dicom-web."),
    ],
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Date of the studies; today if none is given."),
    ] = None,
    send_to: Annotated[
        str | None,
        typer.Option(help="DICOMweb service that gets the results; the archive if none is given."),
    ] = None,
    authorization: Annotated[
        Path | None,
        typer.Option(
            help="File with the value of the header Authorization, as `Bearer …`.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    lang: Annotated[Language, typer.Option(help="Language of the results.")] = "en",
) -> None:
    """Screen a day's chest radiographs of an archive, and file the results in their studies.

    What is filed again is the same object: run it as often as you like. It ends with 1 if the
    result of a film could not be filed; a film that cannot be read is counted by its problem.
    """
    with told_plainly():
        check_hospital_extra()
        from covidxray_api.hospital.archive import Archive
        from covidxray_api.screening.screener import Screener

        settings = read_settings()
        value = authorization.read_text(encoding="ascii").strip() if authorization else None
        screener = Screener.from_settings(settings)
        counts: Counter[str] = Counter()
        most = settings.max_body_bytes
        with Archive(url, value, most) as archive, Archive(send_to or url, value, most) as target:
            for place in archive.radiographs(day.date() if day else date.today()):
                counts[_pulled(screener, archive, target, place, lang)] += 1
    Console().print(_table(counts, lang))
    if counts["archive-unavailable"]:
        raise typer.Exit(1)


def _pulled(
    screener: Screener, archive: Archive, target: Archive, place: Place, language: Language
) -> str:
    """Screen a film and file its results; return what became of it, as a code."""
    from covidxray_api.hospital.answering import answer
    from covidxray_api.hospital.image_reference import ImageReference
    from covidxray_api.hospital.triage import priority
    from covidxray_api.rendering.renderer import Context

    try:
        data = archive.retrieve(place)
        reference = ImageReference.read(data, screener.limits)
        context = Context(language, place.instance, datetime.now(UTC))
        film, objects = answer(screener, data, reference, context)
        target.store(objects)
    except CovidXrayError as error:
        return error.code
    return priority(film.screening).code


def _table(counts: Counter[str], language: Language) -> Table:
    from covidxray_api.texts.codes import PRIORITIES
    from covidxray_api.texts.problems import title

    table = Table("films", "")
    for code, count in counts.most_common():
        said = message(code, language) if code in PRIORITIES else title(code, language)
        table.add_row(str(count), said)
    table.add_row(str(counts.total()), "")
    return table
