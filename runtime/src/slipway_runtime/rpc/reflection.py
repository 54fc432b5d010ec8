"""grpc.reflection.v1 (and v1alpha, the same on the wire): lets grpcurl and its like call without proto files.

The published library is written for the public server's threads and the process's one descriptor pool; this
server has neither, and what is asked for is a look-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway_runtime.rpc.messages import POOL, message
from slipway_runtime.rpc.method import Method
from slipway_runtime.rpc.parse import parse
from slipway_runtime.rpc.status import Code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway_runtime.rpc.method import Caller

SERVICE = "grpc.reflection.v1.ServerReflection"
OLDER_PACKAGE = "grpc.reflection.v1alpha"


class Reflection:
    """The service.

    Args:
        services: names of all services, read when asked.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._services = services

    def methods(self) -> dict[str, Method]:
        """By name."""
        return {"ServerReflectionInfo": Method(self._answer, streaming=True)}

    def _answer(self, text: bytes, _: Caller) -> bytes:
        request = parse(message("grpc.reflection.v1.ServerReflectionRequest"), text)
        answer = message("grpc.reflection.v1.ServerReflectionResponse")(
            valid_host=request.host, original_request=request
        )
        asked = request.WhichOneof("message_request")
        if asked == "list_services":
            for name in self._services:
                answer.list_services_response.service.add(name=name)
        elif asked in ("file_by_filename", "file_containing_symbol"):
            self._files(answer, asked, getattr(request, asked))
        elif asked == "all_extension_numbers_of_type":
            self._no_extensions(answer, request.all_extension_numbers_of_type)
        else:
            _refuse(answer, Code.NOT_FOUND, "no message here has extensions")
        found: bytes = answer.SerializeToString()
        return found

    def _files(self, answer: Any, asked: str, name: str) -> None:
        """A file and all it imports; a symbol is looked for under its package's newer name as well."""
        try:
            if asked == "file_by_filename":
                file = POOL.FindFileByName(name)
            else:
                file = POOL.FindFileContainingSymbol(name.replace(OLDER_PACKAGE, "grpc.reflection.v1"))
        except KeyError:
            _refuse(answer, Code.NOT_FOUND, "not found: list the services to see what is here")
            return
        found = {file.name: file}
        pending = [file]
        while pending:
            for imported in pending.pop().dependencies:
                if imported.name not in found:
                    found[imported.name] = imported
                    pending.append(imported)
        texts = [each.serialized_pb for each in found.values()]
        answer.file_descriptor_response.file_descriptor_proto.extend(texts)

    def _no_extensions(self, answer: Any, name: str) -> None:
        try:
            POOL.FindMessageTypeByName(name)
        except KeyError:
            _refuse(answer, Code.NOT_FOUND, "no such message")
        else:
            answer.all_extension_numbers_response.base_type_name = name


def _refuse(answer: Any, code: Code, text: str) -> None:
    answer.error_response.error_code = int(code)
    answer.error_response.error_message = text
