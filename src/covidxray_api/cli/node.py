"""The DICOM node: films from a PACS, results to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from covidxray_api.cli.faults import check_hospital_extra, read_settings, told_plainly

if TYPE_CHECKING:
    from covidxray_api.hospital.node.ledger import Ledger

ConfigFile = Annotated[
    Path, typer.Option("--config", help="The node's configuration, as TOML; see docs/pacs.md.")
]
DEFAULT = Path("node.toml")


def run(context: typer.Context, config: ConfigFile = DEFAULT) -> None:
    """Receive films by DICOM, and send results where the configuration says."""
    if context.invoked_subcommand:
        return
    with told_plainly():
        check_hospital_extra()
        from covidxray_api.hospital.node.config import NodeConfig
        from covidxray_api.hospital.node.node import Node
        from covidxray_api.serving.logs import configure_logs

        settings = read_settings()
        read = NodeConfig.read(config)
        configure_logs(settings.log_level)
        Node(settings, read).run()


def status(config: ConfigFile = DEFAULT) -> None:
    """Show what has arrived, what waits, and what could not be sent; exit code 1 for the last."""
    with told_plainly(), _ledger(config) as ledger:
        films, results, troubled = (
            ledger.films.counts(),
            ledger.outbox.counts(),
            ledger.outbox.troubled(),
        )
    for (state, problem), number in films.items():
        typer.echo(f"films\t{state}{f' ({problem})' if problem else ''}\t{number}")
    for (destination, state), number in results.items():
        typer.echo(f"results\t{destination}\t{state}\t{number}")
    for row in troubled:
        since = f"{datetime.fromtimestamp(row['made_at'], UTC):%Y-%m-%d %H:%M:%S}"
        typer.echo(
            f"{row['state']}\t{row['id']}\t{row['kind']} to {row['destination']}, made {since} UTC,"
            f" {row['tries']} tries: {row['fault']}"
        )
    if any(row["state"] == "dead" for row in troubled):
        raise typer.Exit(1)


def resend(
    numbers: Annotated[
        list[int] | None, typer.Argument(help="Numbers of dead letters, as the status has them.")
    ] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Send dead letters again, all if none is named, and screen films that were given up."""
    with told_plainly(), _ledger(config) as ledger:
        count = ledger.resend(numbers)
    typer.echo(f"{count} wait again.")


def _ledger(config: Path) -> Ledger:
    from covidxray_api.hospital.node.config import NodeConfig
    from covidxray_api.hospital.node.ledger import Ledger

    return Ledger(NodeConfig.read(config).folder.expanduser())
