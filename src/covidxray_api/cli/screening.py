"""Commands that answer for files, without a service."""

from __future__ import annotations

import json
import re
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from covidxray_api.cli.faults import read_settings, told_plainly
from covidxray_api.errors import CovidXrayError, FileUnavailable
from covidxray_api.settings import GateName
from covidxray_api.texts import Language, message
from covidxray_api.texts.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Callable

    from covidxray_api.inference import LoadedModel
    from covidxray_api.screening.screening import Screening


def screen(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Image files; with --out also folders, patterns, ZIP and tar archives, manifests"
            " (.txt, .csv), a study's DICOMDIR, and addresses such as s3://."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Table to write, .parquet, .csv or .jsonl, a row a film; the same command goes on"
            " where it was killed."
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="HTML file to write beside the table, with counts.")
    ] = None,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Show the films in the HTML file.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Most films of the table.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes for the table; one a core if none.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            help="Ray cluster that makes the table, a folder of Parquet files: its address, or"
            " `local` for one on this machine."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    model: Annotated[str | None, typer.Option(help="Stored model to ask.")] = None,
    lang: Annotated[Language, typer.Option(help="Language of the answer.")] = "en",
    operating_point: Annotated[
        str | None, typer.Option(help="Operating point of the model; balanced if none.")
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(min=1e-6, max=1 - 1e-6, help="Share of your patients with COVID-19."),
    ] = None,
    gate: Annotated[
        GateName | None, typer.Option(help="What tells a chest radiograph from all else.")
    ] = None,
    site: Annotated[Path | None, typer.Option(help="Site profile; COVIDXRAY_SITE if none.")] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="What you call the image, in the answer; up to 64 printable ASCII characters, not"
            " a name."
        ),
    ] = None,
) -> None:
    """Screen files, or an archive of them to a table; exit code 1 if any could not be."""
    from covidxray_api.bulk.film_screener import Job
    from covidxray_api.cli.bulk import screen_all, screen_on_ray
    from covidxray_api.models.decision import find_operating_point
    from covidxray_api.rendering.renderer import REFERENCE
    from covidxray_api.rendering.wording import short_name
    from covidxray_api.screening.screener import Screener

    if reference is not None and not re.match(REFERENCE, reference):
        raise typer.BadParameter("A reference is up to 64 printable ASCII characters.")
    settings = read_settings(site=site)
    if out:
        if as_json or prevalence is not None or reference is not None:
            raise typer.BadParameter("A table has no --json, --prevalence or --reference.")
        job = Job(settings, model, operating_point, gate, lang, thumbnails)
        if ray is None:
            screen_all(files, job, out, report, limit, processes)
        elif report or thumbnails or limit:
            raise typer.BadParameter("--ray has no --report, --thumbnails or --limit.")
        else:
            screen_on_ray(files, job, out, ray, processes)
        return
    if report or thumbnails or limit or processes or ray:
        raise typer.BadParameter(
            "--report, --thumbnails, --limit, --processes and --ray need --out."
        )
    with told_plainly():
        screener = Screener.from_settings(settings)
        chosen = screener.models.get(model)
        point = find_operating_point(chosen.manifest, operating_point)
    rows = Table(
        Column("file", overflow="fold"),
        Column("answer", min_width=24),
        Column("probability (cut-off)", no_wrap=True),
        Column("chest radiograph (least)", no_wrap=True),
    )
    names = {
        label.code: short_name(label, chosen.manifest, lang) for label in chosen.manifest.labels
    }
    ask = partial(
        screener.screen,
        model=model,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
    )
    failed, below = False, [_name(chosen), *_point(chosen, point, lang)]
    for file in files:
        outcome = _outcome(ask, Path(file), lang, reference)
        failed |= "problem" in outcome
        if as_json:
            typer.echo(json.dumps({"file": file, **outcome}, ensure_ascii=False))
        else:
            rows.add_row(Text(file), *_cells(outcome, names, lang))
            values = outcome.get("predictive_values")
            said = [*outcome.get("limits", ()), *([values] if values else [])]
            below += [each["message"] for each in said]
    if not as_json:
        # What holds for several files is said once.
        Console().print(rows, *map(Text, dict.fromkeys(below)), message("notice", lang), sep="\n")
    if failed:
        raise typer.Exit(1)


def _outcome(
    screen: Callable[[bytes], Screening], file: Path, lang: Language, reference: str | None
) -> dict[str, Any]:
    from covidxray_api.rendering.json import screening_answer
    from covidxray_api.texts.problems import advice, detail, title

    try:
        screening = screen(file.read_bytes())
        return screening_answer(screening, lang, reference).model_dump(mode="json")
    except CovidXrayError as error:
        fault = error
    except OSError as error:
        fault = FileUnavailable(fault=error.strerror)
    except Exception:
        # A fault of this program over one file must not cost the others their answers.
        typer.echo(f"{file}:\n{traceback.format_exc()}", err=True)
        fault = CovidXrayError("at_the_shell")
    return {
        "problem": {
            "title": title(fault.code, lang),
            "detail": detail(fault, lang),
            "advice": advice(fault.code, lang, "command_line"),
        }
    }


def _name(model: LoadedModel) -> str:
    manifest, sha256 = model.manifest, model.stored.sha256
    return f"{manifest.name} {manifest.version} · engine {model.engine_name} · SHA-256 {sha256}"


def _point(model: LoadedModel, point: str | None, lang: Language) -> list[str]:
    from covidxray_api.rendering.wording import figures

    said, site = f"operating point {point}" if point else "no operating point", model.stored.site
    if site:
        profile = site.profile
        said += f" of the site {profile.name} (n = {profile.radiographs}) · SHA-256 {site.sha256}"
    return [
        said,
        *(figure.message for figure in (figures(model.stored, point, lang) if point else [])),
    ]


def _cells(outcome: dict[str, Any], names: dict[str, str], language: Language) -> list[Text]:
    if "problem" in outcome:
        problem = outcome["problem"]
        return [Text(f"{problem['title']}: {problem['detail']}", style="red")]
    probabilities, cut_offs = outcome["probabilities"] or {}, outcome["cut_offs"]
    candidates = [
        f"{candidate['display']}: {percent(probabilities[candidate['code']], language)}"
        for candidate in outcome["candidates"]
    ]
    said = [*outcome["consistency"]["findings"], *outcome["warnings"]]
    shares = [
        f"{percent(share, language)} ({percent(cut_offs[code], language)}) {names[code]}"
        for code, share in probabilities.items()
    ]
    if outcome["site"] and outcome["site"]["p_value"] is not None:
        shares.append(f"p = {percent(outcome['site']['p_value'], language)}")
    remarks = "".join(f"\n{remark['message']}" for remark in said)
    return [
        Text("\n".join((outcome["headline"], *candidates)), style="bold").append(remarks, "dim"),
        Text("\n".join(shares)),
        Text(_judged(outcome["consistency"], language)),
    ]


def _judged(consistency: dict[str, Any], language: Language) -> str:
    ssim, threshold = consistency["ssim"], consistency["threshold"]
    similarity = f"SSIM {number(ssim, language)} ({number(threshold, language)})"
    if consistency["score"] is None:
        return similarity
    score = percent(consistency["score"], language)
    least = percent(consistency["least_score"], language)
    return f"gate {consistency['gate']}: {score} ({least})\n{similarity}"
