"""The pipeline with decoding, gate and networks on replicas of Ray Serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from covidxray_api.decoding.deadline import seconds_left
from covidxray_api.errors import CovidXrayError, DeadlineExceeded, NotReady, Overloaded
from covidxray_api.inference import LoadedModel
from covidxray_api.models.store import StoredModel
from covidxray_api.radiograph import Radiograph
from covidxray_api.screening.screener import Screener
from covidxray_api.screening.screening import Validation
from covidxray_api.settings import GateName, Settings

APPLICATION = "covidxray"
"""Name of the application in Ray Serve."""


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
