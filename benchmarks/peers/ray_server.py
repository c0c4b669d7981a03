"""Ray Serve around the same pipeline, with a replica for each core."""

import argparse
import signal
from typing import Any

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import JSONResponse

from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


@serve.deployment(num_replicas=2, ray_actor_options={"num_cpus": 0.5}, max_ongoing_requests=8)
class Screening:
    """Our own decoding, gate and compiled network, served by Ray."""

    def __init__(self) -> None:
        self.screener = Screener.from_settings(Settings())
        self.screener.models.get()

    async def __call__(self, request: Request) -> Any:
        """Screen the file of a form; answer a GET, which asks whether it is ready."""
        if request.method == "GET":
            return JSONResponse({"ready": True})
        async with request.form() as form:
            data = await form["file"].read()  # type: ignore[union-attr]
        return JSONResponse({"probabilities": self.screener.screen(data).probabilities})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": parser.parse_args().port})
    serve.run(Screening.bind(), route_prefix="/")  # type: ignore[attr-defined]
    signal.sigwait({signal.SIGTERM})
    serve.shutdown()
    ray.shutdown()
