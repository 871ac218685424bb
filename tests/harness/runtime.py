"""SageMaker's runtime as boto3 sees it, in front of a container: what the platform does, by its rules.

It streams answers in its event format, loads the models of a multi-model endpoint when they are asked, and
takes asynchronous requests from S3, where their answers go.
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html
"""

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote

import boto3
import requests

_FORWARDED = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id")


@contextmanager
def runtime(port: int, models: int | None = None, folder: str = "/opt/ml/models") -> Iterator[str]:
    """The address of a runtime in front of the container on `port`, until the block ends.

    Requests with a target model go to the port `models`, where another container has these in `folder`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = {name: self.headers[name] for name in _FORWARDED if name in self.headers}
            streams = self.path.endswith("/invocations-response-stream")
            if "X-Amzn-SageMaker-Accept" in self.headers:  # B7.1
                sent["Accept"] = self.headers["X-Amzn-SageMaker-Accept"]
            address = f"http://127.0.0.1:{port}"
            path = "/invocations"
            if "X-Amzn-SageMaker-Target-Model" in self.headers:
                address = f"http://127.0.0.1:{models or port}"
                path = _loaded(address, folder, self.headers["X-Amzn-SageMaker-Target-Model"])
            if self.path.endswith("/async-invocations"):
                self._promise(address, sent)
                return
            with requests.post(address + path, body, headers=sent, timeout=120, stream=True) as reply:
                if reply.status_code >= 400:
                    self._refuse(reply)
                elif streams:
                    self._stream(reply)
                else:
                    self._answer(reply)

        def _refuse(self, reply: requests.Response) -> None:
            """B2.9: the container's status and message reach the caller inside a 424."""
            told = {"OriginalStatusCode": reply.status_code, "OriginalMessage": reply.text}
            content = json.dumps({"Message": "the container refused", **told}).encode()
            self._send(424, content, {"Content-Type": "application/json", "x-amzn-ErrorType": "ModelError"})

        def _answer(self, reply: requests.Response) -> None:
            kept = {
                name: value
                for name, value in reply.headers.items()
                if name.lower().startswith(("content-type", "x-amzn-"))
            }
            self._send(200, reply.content, kept)

        def _promise(self, address: str, sent: dict[str, str]) -> None:
            """B3.3: the request lies in S3, and so will the answer, which the caller need not wait for."""
            store = boto3.client("s3")
            bucket, _, key = self.headers["X-Amzn-SageMaker-InputLocation"][5:].partition("/")
            body = store.get_object(Bucket=bucket, Key=key)["Body"].read()
            headers = {name: value for name, value in sent.items() if name != "Content-Type"}
            media = self.headers.get("X-Amzn-SageMaker-Content-Type", "application/octet-stream")
            headers |= {"Content-Type": media, "Accept": self.headers.get("X-Amzn-SageMaker-Accept", "*/*")}
            reply = requests.post(f"{address}/invocations", body, headers=headers, timeout=120)
            store.put_object(Bucket=bucket, Key=f"{key}.out", Body=reply.content)
            told = {"X-Amzn-SageMaker-OutputLocation": f"s3://{bucket}/{key}.out"}
            self._send(202, b'{"InferenceId": "1"}', {"Content-Type": "application/json", **told})

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, reply: requests.Response) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.amazon.eventstream")
            self.send_header("X-Amzn-SageMaker-Content-Type", reply.headers["Content-Type"])
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            for chunk in reply.iter_content(None):
                self.wfile.write(_event(chunk))

        def log_message(self, *arguments: object) -> None:
            """Nothing: the tests say what went wrong."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _loaded(address: str, folder: str, target: str) -> str:
    """Where a model is asked, loaded first where it is not (B5.2). Its name says nothing (B5.7)."""
    name = f"{zlib.crc32(target.encode()):08x}/{target}"
    loading = json.dumps({"model_name": name, "url": f"{folder}/{target}/model"})
    reply = requests.post(f"{address}/models", loading, timeout=120)
    assert reply.status_code in {200, 409}, reply.text
    return f"/models/{quote(name, safe='')}/invoke"


def _event(content: bytes) -> bytes:
    """One part of a stream, framed: lengths, their checksum, headers, content, the checksum of all."""
    told = {
        ":event-type": "PayloadPart",
        ":content-type": "application/octet-stream",
        ":message-type": "event",
    }
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value)) + value.encode()
        for name, value in told.items()
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(content), len(headers))
    framed = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + content
    return framed + struct.pack(">I", zlib.crc32(framed))
