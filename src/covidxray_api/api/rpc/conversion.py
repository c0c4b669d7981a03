"""Between the messages of gRPC and what `inference_protocol` knows."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from covidxray_api.api.inference_protocol import InferRequest, ours
from covidxray_api.api.rpc.messages import message
from covidxray_api.api.tensors import Tensor, images_of

CONTENTS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "FP32": "fp32_contents",
    "BYTES": "bytes_contents",
}
"""Where the elements of a datatype stand, if not in raw form."""


def request_of(asked: Any, most: int) -> InferRequest:
    """Read a `ModelInferRequest`.

    Parameters
    ----------
    asked : ModelInferRequest
        The message.
    most : int
        Most images.

    Raises
    ------
    InvalidRequest
        It says what is wrong.
    """
    raw = asked.raw_input_contents
    tensors = []
    for place, tensor in enumerate(asked.inputs):
        contents = CONTENTS.get(tensor.datatype)
        elements = getattr(tensor.contents, contents) if contents else ()
        given = bytes(raw[place]) if place < len(raw) else list(elements)
        tensors.append(Tensor(tensor.name, tensor.datatype, list(tensor.shape), given))
    stated = {name: _value(it) for name, it in asked.parameters.items()}
    outputs = frozenset(output.name for output in asked.outputs)
    return InferRequest(asked.id or None, images_of(tensors, most), ours(stated), outputs)


def _value(parameter: Any) -> Any:
    chosen = parameter.WhichOneof("parameter_choice")
    return getattr(parameter, chosen) if chosen else None


def response_of(answer: dict[str, Any], raw: bool) -> Any:
    """Return an answer of `inference_protocol.answer` as a `ModelInferResponse`.

    Parameters
    ----------
    answer : dict
        The answer.
    raw : bool
        Whether its tensors are in raw form, as those of a request that were.
    """
    response = message("ModelInferResponse")(
        model_name=answer["model_name"],
        model_version=answer["model_version"],
        id=answer.get("id", ""),
    )
    for told in answer["outputs"]:
        output = response.outputs.add(
            name=told["name"], datatype=told["datatype"], shape=told["shape"]
        )
        for name, values in told.get("parameters", {}).items():
            output.parameters[name].string_param = ",".join(values)
        if raw:
            response.raw_output_contents.append(_packed(told["datatype"], told["data"]))
        else:
            strings = told["datatype"] == "BYTES"
            values = [it.encode() for it in told["data"]] if strings else told["data"]
            getattr(output.contents, CONTENTS[told["datatype"]]).extend(values)
    return response


def _packed(datatype: str, values: list[Any]) -> bytes:
    if datatype == "BYTES":
        encoded = (value.encode() for value in values)
        return b"".join(struct.pack("<I", len(it)) + it for it in encoded)
    return np.array(values, {"BOOL": "?", "FP32": "<f4"}[datatype]).tobytes()
