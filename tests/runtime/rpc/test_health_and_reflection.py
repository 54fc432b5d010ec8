"""grpc.health.v1 and server reflection, asked with gRPC's own client libraries."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from onnx_models import linear, save
from rpc_client import INFERENCE, MODEL, PREDICTION, RpcClient, asking, infer_request, rpc
from runtime_server import serving, started

SERVING, NOT_SERVING, UNKNOWN = 1, 2, 3


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RpcClient]:
    """A client of a server that is ready."""
    folder = tmp_path_factory.mktemp("model")
    save(linear(), folder / "model.onnx")
    with serving(folder) as server, rpc(server.grpc_port) as found:
        yield found


@pytest.fixture
def slow_store(tmp_path: Path) -> Iterator[tuple[str, threading.Event]]:
    """A web server that sends a model when it is told to; yields a URI at it."""
    body = save(linear(), tmp_path / "model.onnx").read_bytes()
    told = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                told.wait(60)
                with connection:
                    connection.recv(65_536)
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                    connection.sendall(head.encode() + body)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/model.onnx", told
        told.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_health_follows_the_model(slow_store: tuple[str, threading.Event]) -> None:
    """A load balancer must not send calls to a server whose model is still on its way."""
    uri, told = slow_store
    with started("--model-uri", uri, "--allow-local-addresses", "--model-name", "m") as server:
        port = server.wait_for("listening for gRPC")["grpc_port"]
        with rpc(port) as client:
            health = health_pb2_grpc.HealthStub(client.channel)
            request = health_pb2.HealthCheckRequest(service=INFERENCE)
            watched = health.Watch(request, wait_for_ready=True, timeout=60)

            assert next(watched).status == NOT_SERVING
            assert health.Check(health_pb2.HealthCheckRequest()).status == NOT_SERVING
            assert client.call(INFERENCE, "ServerLive").live
            assert not client.call(INFERENCE, "ServerReady").ready
            assert not client.call(INFERENCE, "ModelReady", asking("ModelReady")).ready
            with pytest.raises(grpc.RpcError) as refused:
                client.infer(infer_request())
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

            told.set()
            assert next(watched).status == SERVING
            assert health.Check(request).status == SERVING
            watched.cancel()


def test_a_service_that_is_not_here_is_told_apart(client: RpcClient) -> None:
    """A misspelt service in a probe must not look like one that is down for a moment."""
    health = health_pb2_grpc.HealthStub(client.channel)
    request = health_pb2.HealthCheckRequest(service="nope")

    with pytest.raises(grpc.RpcError) as refused:
        health.Check(request)
    watched = health.Watch(request)

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND
    assert next(watched).status == UNKNOWN
    watched.cancel()


def test_reflection_lists_the_services_and_describes_their_messages(client: RpcClient) -> None:
    """With it grpcurl calls any method without a proto file."""
    database = ProtoReflectionDescriptorDatabase(client.channel)

    services = set(database.get_services())
    pool = DescriptorPool(database)

    assert services >= {INFERENCE, PREDICTION, MODEL, "grpc.health.v1.Health"}
    method = pool.FindServiceByName(INFERENCE).FindMethodByName("ModelInfer")
    assert method.input_type.fields_by_name["raw_input_contents"].number == 7
    predict = pool.FindServiceByName(PREDICTION).FindMethodByName("Predict").input_type
    assert "version" in predict.fields_by_name["model_spec"].message_type.fields_by_name


@pytest.mark.parametrize("package", ["v1", "v1alpha"])
def test_both_packages_of_reflection_answer_also_what_is_not_here(client: RpcClient, package: str) -> None:
    """Tools ask for the newer one and fall back to the older; a question without an answer has its code."""
    asked = [
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Thing"),
        reflection_pb2.ServerReflectionRequest(file_by_filename="slipway/health.proto"),
        reflection_pb2.ServerReflectionRequest(all_extension_numbers_of_type="inference.ModelConfig"),
        reflection_pb2.ServerReflectionRequest(),
    ]
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    if package == "v1":
        call = client.channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
    else:
        call = stub.ServerReflectionInfo

    answers = list(call(iter(asked)))

    assert [answer.WhichOneof("message_response") for answer in answers] == [
        "error_response",
        "file_descriptor_response",
        "all_extension_numbers_response",
        "error_response",
    ]
    assert answers[0].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
