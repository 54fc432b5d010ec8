"""The protocols' message classes, in a descriptor pool of their own.

A client library may bring its own copy of the same messages into this process (a test does); in the one pool
that generated classes share, the second copy would be refused. So the descriptors that hack/proto/generate
wrote are loaded here into a pool that nobody else sees. google.protobuf's own messages are copied into it.
"""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pool, message_factory, wrappers_pb2

from slipway_runtime.rpc.generated.descriptors import FILES

POOL = descriptor_pool.DescriptorPool()
for _known in (any_pb2, wrappers_pb2):
    POOL.AddSerializedFile(_known.DESCRIPTOR.serialized_pb)
for _text in FILES.values():
    POOL.AddSerializedFile(b64decode(_text))


@cache
def message(name: str) -> Any:
    """The class of a message, by its full name."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


def method_paths(service: str) -> dict[str, str]:
    """The paths of a service's methods, by their names."""
    found = POOL.FindServiceByName(service)
    return {method.name: f"/{service}/{method.name}" for method in found.methods}
