"""The service on Ray Serve: the same application before replicas that decode and that infer.

::

    HTTP ──▶ Door (the application) ──▶ Intake (decoding, gate) ──▶ Door ──▶ Inference (network)

Each is scaled for itself. What a machine answers is retried once where the machine is lost: no work
here leaves a trace but its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding.deadline import seconds_left
from covidxray_api.errors import (
    CovidXrayError,
    DeadlineExceeded,
    NotReady,
    Overloaded,
)
from covidxray_api.inference import Explains, LoadedModel
from covidxray_api.models.store import StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Validation
from covidxray_api.settings import GateName, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI
    from ray.serve import Application

Result = TypeVar("Result")

APPLICATION = "covidxray"
"""Name of the application in Ray Serve."""

AHEAD = 2
"""Films that a replica is given at once: the one it works on, and the next."""

HEALTH = {"health_check_period_s": 5, "health_check_timeout_s": 30}
"""A replica that does not say within that time that it is well is replaced."""


class Intake:
    """A replica that decodes, and tells whether an image is a frontal chest radiograph."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._screener = Screener.from_settings(Settings(**settings))

    def decode(self, data: bytes, kept_side: int) -> Radiograph:
        """See `Screener.decode`."""
        return self._screener.decode(data, kept_side)

    def checked(
        self, data: bytes, kept_side: int, gate: GateName | None
    ) -> tuple[Validation, Radiograph, Radiograph]:
        """See `Screener.checked`."""
        return self._screener.checked(data, kept_side, gate)


class Inference:
    """A replica that computes networks, each loaded and verified when first asked for."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._models = Screener.from_settings(Settings(**settings)).models
        self._models.get()

    def infer(self, model: str, sha256: str, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.infer`."""
        return self._loaded(model, sha256).engine.infer(tensor)

    def explains(self, model: str, sha256: str) -> bool:
        """See `Explains.explains`."""
        engine = self._loaded(model, sha256).engine
        return isinstance(engine, Explains) and engine.explains

    def evidence(
        self,
        model: str,
        sha256: str,
        tensor: NDArray[np.float32],
        contrast: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """See `Explains.evidence`."""
        engine = self._loaded(model, sha256).engine
        assert isinstance(engine, Explains)  # noqa: S101 - it was asked
        return engine.evidence(tensor, contrast)

    def _loaded(self, model: str, sha256: str) -> LoadedModel:
        found = self._models.get(model)
        if found.stored.sha256 != sha256:
            # While models change: the answer would name what has not computed it.
            raise NotReady("starting")
        return found


class RemoteEngine:
    """A network that replicas of `Inference` compute."""

    def __init__(self, ask: Callable[..., Any], stored: StoredModel) -> None:
        self._ask = ask
        self._which = stored.manifest.name, stored.sha256
        self.explains: bool = ask("explains", *self._which)
        """Whether `evidence` can be asked for."""

    def infer(self, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.infer`."""
        answers: NDArray[np.float32] = self._ask("infer", *self._which, tensor)
        return answers

    def evidence(
        self, tensor: NDArray[np.float32], contrast: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See `Explains.evidence`."""
        found: NDArray[np.float32] = self._ask("evidence", *self._which, tensor, contrast)
        return found


class RemoteScreener(Screener):
    """The pipeline, with decoding, gate and networks on other replicas."""

    intake: Callable[..., Any]
    """Asks a replica of `Intake`."""

    @classmethod
    def connected(
        cls, settings: Settings, intake: Callable[..., Any], inference: Callable[..., Any]
    ) -> RemoteScreener:
        """Build the pipeline that the settings describe.

        Parameters
        ----------
        settings : Settings
            Every knob.
        intake, inference : callable
            Ask a replica: the name of its method, and what that takes.

        Raises
        ------
        CovidXrayError
            See `Screener.from_settings`.
        """

        def load(stored: StoredModel) -> LoadedModel:
            return LoadedModel(stored, RemoteEngine(inference, stored), settings.engine)

        screener = cls.from_settings(settings, load)
        screener.intake = intake
        return screener

    def decode(self, data: bytes, kept_side: int) -> Radiograph:
        """See `Screener.decode`."""
        found: Radiograph = self.intake("decode", data, kept_side)
        return found

    def checked(
        self, data: bytes, kept_side: int, gate: GateName | None
    ) -> tuple[Validation, Radiograph, Radiograph]:
        """See `Screener.checked`."""
        found: tuple[Validation, Radiograph, Radiograph] = self.intake(
            "checked", data, kept_side, gate
        )
        return found


def asking(deployment: str, settings: Settings) -> Callable[..., Any]:
    """Return what asks a replica of a deployment of this application.

    It raises what the replica raises; `Overloaded` if too many wait for one, `DeadlineExceeded` if
    the answer is not there in the time of a request, and `NotReady` if two replicas are lost.
    """
    from ray import serve
    from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError
    from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

    handle = serve.get_deployment_handle(deployment, APPLICATION)

    def ask(method: str, *given: object) -> Any:
        for _ in range(2):
            patience = min(settings.deadline_s, seconds_left())
            try:
                return getattr(handle, method).remote(*given).result(timeout_s=patience)
            except BackPressureError as error:
                raise Overloaded(in_flight=settings.max_in_flight) from error
            except (TimeoutError, GetTimeoutError) as error:
                raise DeadlineExceeded(seconds=settings.deadline_s) from error
            except RayTaskError as error:
                if isinstance(error.cause, NotReady):
                    continue
                if isinstance(error.cause, CovidXrayError):
                    raise error.cause from None
                raise
            except (RayActorError, DeploymentUnavailableError):
                continue
        raise NotReady("starting")

    return ask


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
