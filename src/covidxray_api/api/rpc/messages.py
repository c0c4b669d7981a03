"""The messages of `open_inference.proto`, from its compiled form.

They have a pool of their own: in the common one they would collide with those of another program in
the process that speaks the protocol, as Triton's client does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

COMPILED = Path(__file__).with_name("open_inference.binpb")
SERVICE = "inference.GRPCInferenceService"

_POOL = DescriptorPool()
for _file in FileDescriptorSet.FromString(COMPILED.read_bytes()).file:
    _POOL.Add(_file)


def message(name: str) -> Any:
    """Return the class of a message by its name, as `ModelInferRequest`."""
    return GetMessageClass(_POOL.FindMessageTypeByName(f"inference.{name}"))
