"""The peer: LitServe around the same pipeline, with a worker for each core."""

import argparse
from typing import Any

import litserve
from fastapi import Request

from covidxray_api.screening.screener import Screener
from covidxray_api.settings import Settings


class Screening(litserve.LitAPI):  # type: ignore[misc]
    """Our own decoding, gate and compiled network, served by LitServe."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load the models."""
        self.screener = Screener.from_settings(Settings())
        self.screener.models.get()

    def decode_request(self, request: Request) -> bytes:
        """Read the file of the form, which LitServe has parsed."""
        data: bytes = request["file"].file.read()
        return data

    def predict(self, data: bytes) -> dict[str, Any]:
        """Screen one image."""
        return {"probabilities": self.screener.screen(data).probabilities}

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return the answer as it is."""
        return output


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    litserve.LitServer(Screening(), workers_per_device=arguments.workers, accelerator="cpu").run(
        host="127.0.0.1", port=arguments.port, generate_client_file=False, log_level="error"
    )
