"""The service on Ray Serve: the same application before replicas that decode and that infer.

::

    HTTP ──▶ Door (the application) ──▶ Intake (decoding, gate) ──▶ Door ──▶ Inference (network)

Each is scaled for itself. What a machine answers is retried once where the machine is lost: no work
here leaves a trace but its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covidxray_api.bulk.ray_replicas import Inference, Intake
from covidxray_api.bulk.ray_screener import APPLICATION, RemoteScreener, asking
from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from ray.serve import Application

__all__ = ["APPLICATION", "application"]

AHEAD = 2
"""Films that a replica is given at once: the one it works on, and the next."""

HEALTH = {"health_check_period_s": 5, "health_check_timeout_s": 30}
"""A replica that does not say within that time that it is well is replaced."""


def door(settings: Settings) -> FastAPI:
    """Return the application that asks the replicas; made on each replica that speaks HTTP."""
    from covidxray_api.api.app import create_app

    def build(settings: Settings) -> Screener:
        return RemoteScreener.connected(
            settings, asking("Intake", settings), asking("Inference", settings)
        )

    # A thread of the application only waits here.
    waiting = settings.model_copy(update={"threads": settings.max_in_flight})
    return create_app(waiting, build, start_first=True)


def application(arguments: dict[str, Any]) -> Application:
    """Return the application for `serve.run`, or for a configuration file of Ray Serve.

    Parameters
    ----------
    arguments : dict
        Settings by their names, as `{"default_model": "multi-source"}`; and `least` and `most`,
        the replicas of each deployment. A change of them is rolled out replica by replica.

    Raises
    ------
    InvalidConfiguration
        If anybody could call it and no setting says so; see `api.server.check`.
    """
    from ray import serve

    from covidxray_api.api.server import check

    # Ray Serve listens where its own configuration says: for all, unless told otherwise.
    arguments = {"host": "0.0.0.0", **arguments}  # noqa: S104  # nosec B104
    least, most = int(arguments.pop("least", 1)), int(arguments.pop("most", 4))
    settings = Settings(**arguments)
    check(settings)
    scaled = {
        "autoscaling_config": {
            "min_replicas": least,
            "max_replicas": most,
            "target_ongoing_requests": 1,
        },
        "max_ongoing_requests": AHEAD,
        "max_queued_requests": settings.max_in_flight,
        "ray_actor_options": {"num_cpus": 1},
        **HEALTH,
    }
    intake = serve.deployment(Intake).options(name="Intake", **scaled).bind(arguments)
    inference = serve.deployment(Inference).options(name="Inference", **scaled).bind(arguments)
    speaking = serve.ingress(lambda: door(settings))(_Door)
    return (
        serve.deployment(speaking)
        .options(
            name="Door",
            num_replicas=least,
            # The application itself refuses more, with a problem that says so.
            max_ongoing_requests=2 * settings.max_in_flight,
            ray_actor_options={"num_cpus": 0.5},
            **HEALTH,
        )
        .bind(intake, inference)
    )


class _Door:
    """The application as a deployment; it is given the others so that they are deployed."""

    def __init__(self, *_: object) -> None:
        pass
