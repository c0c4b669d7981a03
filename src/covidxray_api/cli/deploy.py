"""Commands that bring the service onto other platforms."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from covidxray_api.cli.faults import read_settings, told_plainly


def ray(
    cluster: Annotated[
        str, typer.Option(help="Address of a Ray cluster, or `local` for one on this machine.")
    ] = "local",
    least: Annotated[int, typer.Option(min=1, help="Fewest replicas of each part.")] = 1,
    most: Annotated[int, typer.Option(min=1, help="Most replicas of each part.")] = 4,
) -> None:
    """Serve on Ray Serve: on a cluster from then on, or on this machine until it is stopped.

    Again with other settings, what serves on a cluster is changed replica by replica.
    """
    import os

    from covidxray_api.api.server import check
    from covidxray_api.bulk.ray_cluster import LOCAL, SERVING, connected
    from covidxray_api.bulk.table import require

    settings = read_settings()
    with told_plainly():
        require("ray", "ray")
        check(settings)
    os.environ.update(SERVING)
    # Ray counts what it places, not what runs: every part finds its place on one machine.
    with connected(cluster, max(os.cpu_count() or 1, 3 * most)):
        from ray import serve

        from covidxray_api.bulk.ray_screener import APPLICATION
        from covidxray_api.bulk.ray_serve import application

        serve.start(http_options={"host": settings.host, "port": settings.port})
        given = {**settings.model_dump(mode="json", exclude_unset=True), "host": settings.host}
        serve.run(
            application({**given, "least": least, "most": most}), name=APPLICATION, route_prefix="/"
        )
        typer.echo(f"Ready on {settings.host}:{settings.port}.")
        if cluster == LOCAL:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            serve.shutdown()
