"""The Open Inference Protocol, version 2, over HTTP: what KServe, Seldon and Triton clients speak.

Images come as a tensor named `image` (see `tensors`), in JSON, where files are base64, or after it
as binary data (Triton's extension). Source:
github.com/kserve/open-inference-protocol, and Triton's `extension_binary_data.md`.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from covidxray_api.api.routes import unknown_parameter
from covidxray_api.api.tensors import INPUT, Tensor, images_of
from covidxray_api.errors import InvalidRequest
from covidxray_api.models.store import StoredModel
from covidxray_api.rendering.schemas import Prediction

HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header that states where the JSON of a request ends and binary data begin."""

OURS = ("operating_point", "prevalence", "gate")
"""Parameters of `/predict` that a request can state; the model stands in its path."""

PROTOCOL = frozenset(
    {"binary_data_output", "content_type", "headers", "priority", "timeout"}
    | {"sequence_id", "sequence_start", "sequence_end"}
)
"""Parameters that clients write of their own accord, and that change nothing here."""

NO_PROBABILITY = -1.0
"""What stands for the probabilities of an image that was rejected: a tensor has no null."""


class _Input(BaseModel):
    name: str
    shape: list[int] = Field(max_length=8)
    datatype: str
    parameters: dict[str, Any] = {}
    data: Any = None


class _Output(BaseModel):
    name: str
    parameters: dict[str, Any] = {}


class _Request(BaseModel):
    id: str | None = Field(default=None, max_length=128)
    parameters: dict[str, Any] = {}
    inputs: list[_Input]
    outputs: list[_Output] = []


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What is asked of a model."""

    id: str | None
    """The client's own name of the request."""

    images: Sequence[bytes]
    """Image files."""

    parameters: dict[str, Any]
    """Some of `OURS`."""

    outputs: frozenset[str]
    """Names of what is to be answered; all if empty."""


def parse(body: bytes, header_length: str | None, most: int) -> InferRequest:
    """Read the body of a request to infer.

    Parameters
    ----------
    body : bytes
        JSON, and binary data after it if there is a header length.
    header_length : str, optional
        Value of `HEADER_LENGTH`.
    most : int
        Most images.

    Raises
    ------
    InvalidRequest
        It says what is wrong.
    """
    if header_length is not None and not header_length.isdecimal():
        raise InvalidRequest("parameters", faults=f"{HEADER_LENGTH}: {header_length!r}")
    end = int(header_length) if header_length else len(body)
    try:
        asked = _Request.model_validate_json(body[:end])
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise InvalidRequest("parameters", faults="; ".join(faults)) from error
    binary = body[end:]
    images = images_of([_tensor(tensor, binary) for tensor in asked.inputs], most)
    outputs = frozenset(output.name for output in asked.outputs)
    return InferRequest(asked.id, images, ours(asked.parameters), outputs)


def ours(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request that change its answer.

    Raises
    ------
    InvalidRequest
        If there are others than those and the protocol's own.
    """
    stated = {name: value for name, value in parameters.items() if name not in PROTOCOL}
    for name in stated:
        if name not in OURS:
            raise unknown_parameter(name, OURS)
    return stated


def _tensor(told: _Input, binary: bytes) -> Tensor:
    elements: bytes | list[Any]
    if "binary_data_size" in told.parameters:
        elements = binary
    elif told.datatype == "BYTES":
        elements = _decoded(told.data)
    else:
        elements = list(_flat(told.data))
    return Tensor(told.name, told.datatype, told.shape, elements)


def _decoded(data: Any) -> list[bytes]:
    texts = list(_flat(data))
    try:
        return [b64decode(text, validate=True) for text in texts]
    except (TypeError, ValueError, binascii.Error) as error:
        raise InvalidRequest("damaged_encoding", name="base64") from error


def _flat(data: Any) -> Iterator[Any]:
    if isinstance(data, list):
        for item in data:
            yield from _flat(item)
    elif data is not None:
        yield data


def metadata(model: StoredModel) -> dict[str, Any]:
    """Return what a model takes and gives, and the version of it that can be asked."""
    labels = len(model.manifest.labels)
    return {
        "name": model.manifest.name,
        "versions": [model.manifest.version],
        "platform": "covidxray",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, labels]},
            {"name": "predicted_label", "datatype": "BYTES", "shape": [-1]},
            {"name": "rejected", "datatype": "BOOL", "shape": [-1]},
            {"name": "answer", "datatype": "BYTES", "shape": [-1]},
        ],
    }


def answer(asked: InferRequest, model: StoredModel, found: Sequence[Prediction]) -> dict[str, Any]:
    """Return the answers to a request as tensors; `answer` has each as `/predict` gives it.

    Raises
    ------
    InvalidRequest
        If the request asks for an output that there is not.
    """
    codes = model.manifest.codes
    data: dict[str, list[Any]] = {
        "probabilities": [
            one.probabilities[code] if one.probabilities else NO_PROBABILITY
            for one in found
            for code in codes
        ],
        "predicted_label": [one.predicted_label or "" for one in found],
        "rejected": [one.rejected for one in found],
        "answer": [json.dumps(one.model_dump(mode="json")) for one in found],
    }
    for name in asked.outputs - data.keys():
        raise unknown_parameter(name, tuple(data))
    described = {output["name"]: output for output in metadata(model)["outputs"]}
    return {
        "model_name": model.manifest.name,
        "model_version": model.manifest.version,
        **({"id": asked.id} if asked.id is not None else {}),
        "outputs": [
            {
                "name": name,
                "datatype": described[name]["datatype"],
                "shape": [len(found), *described[name]["shape"][1:]],
                **({"parameters": {"labels": list(codes)}} if name == "probabilities" else {}),
                "data": values,
            }
            for name, values in data.items()
            if not asked.outputs or name in asked.outputs
        ],
    }
