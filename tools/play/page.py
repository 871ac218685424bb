"""The server of the page: the page itself, what it is made of, and /invocations passed on to the model."""

import json
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from slipway import formats
from slipway.describe import describe
from slipway.errors import UserError
from slipway.formats import Reading
from slipway.formats.csv_file import numbered
from slipway.manifest import Manifest
from slipway.settings import Settings
from slipway.table import learn
from slipway.table.arrow import Array

from .. import ROOT
from ..client import send
from ..runs import Run, guess

_WEB = ROOT / "tools/web"
_ASSETS = {
    path.name: path
    for path in (
        *(_WEB / name for name in ("style.css", "play.css", "page.js", "play.js", "chart.js", "calls.js")),
        *(_WEB / "vendor" / name for name in ("d3.js", "plot.js")),
    )
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_PASSED_ON = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
_MOST_ROWS = 1000  # of a request that the page shows


class Page:
    """The page of one model."""

    def __init__(self, run: Run, port: int) -> None:
        self.run = run
        self.port = port
        self._reads = Manifest.read(run.paths.model, run.name).reads

    @cached_property
    def html(self) -> bytes:
        templates = Environment(loader=FileSystemLoader([ROOT / "tools/play", _WEB]), autoescape=True)
        facts = json.loads(describe(Settings.read({"SLIPWAY_ALGORITHM": str(self.run.folder)})))
        told = {
            "facts": {name: facts[name] for name in ("name", "title", "options", "chart", "content_types")},
            "samples": [
                {"name": path.name, "type": guess(path), "text": path.read_text()} for path in self._samples
            ],
            "suffixes": {suffix: codec.media_type for codec in formats.FORMATS for suffix in codec.suffixes},
            "columns": self._reads.names,
            "url": f"http://localhost:{self.port}/invocations",
            "infer": f"http://localhost:{self.port}/v2/models/{facts['name']}/infer",
        }
        page = templates.get_template("page.html.j2")
        return page.render(told=told, facts=facts, trained=self._trained).encode()

    @property
    def _samples(self) -> list[Path]:
        """The sample's requests, the plain one first."""
        return sorted(
            self.run.sample.glob("request*.*"), key=lambda path: (path.stem != "request", path.name)
        )

    @property
    def _trained(self) -> str:
        return "the sample" if self._of_sample else "data of your own"

    @property
    def _of_sample(self) -> bool:
        channels = self.run.paths.channels
        return all(entry.resolve().is_relative_to(self.run.sample.resolve()) for entry in channels.iterdir())

    def table(self, body: bytes, content_type: str) -> dict[str, Any]:
        """A request's rows for the page to show, read as the server reads them. Raises UserError."""
        source, media = formats.reader(content_type)
        raw = source.read(body, media, Reading(self._reads, keep=True))
        names = raw.names
        if names is None:
            known = self._reads.names if raw.width == len(self._reads.names) else self._reads.table_names
            names = known if raw.width == len(known) else numbered(raw.width)
        read, _ = learn.table(raw, list(names))
        shown = [_listed(read.column(name)[:_MOST_ROWS]) for name in read.names]
        return {
            "names": list(names),
            "kinds": [column.kind for column in read.columns],
            "height": raw.height,
            "rows": [list(row) for row in zip(*shown, strict=True)],
        }


def _listed(cells: Array) -> list[Any]:
    return [None if cell is None or cell != cell else cell for cell in cells.tolist()]


class PlayServer(ThreadingHTTPServer):
    """Listens on this machine alone."""

    daemon_threads = True
    allow_reuse_address = True
    page: Page

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: PlayServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/")
        if not self._for_us():
            self._tell(403, "this page answers on localhost only")
        elif name == "":
            self._send(200, "text/html; charset=utf-8", self.server.page.html)
        elif name in _ASSETS:
            path = _ASSETS[name]
            self._send(200, _TYPES[path.suffix], path.read_bytes())
        else:
            self._tell(404, f"there is no /{name}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._for_us():
            self._tell(403, "this page answers on localhost only")
        elif self.path == "/invocations":
            self._invoke(body)
        elif self.path == "/table":
            self._table(body)
        else:
            self._tell(404, f"there is no {self.path}")

    def _invoke(self, body: bytes) -> None:
        headers = {name: self.headers[name] for name in _PASSED_ON if name in self.headers}
        try:
            answer = send(self.server.page.port, "POST", "/invocations", body, headers)
        except OSError:
            self._tell(502, "the model's server does not answer; the terminal says more")
            return
        self._send(answer.status, answer.headers.get("Content-Type", ""), answer.body)

    def _table(self, body: bytes) -> None:
        try:
            found = self.server.page.table(body, self.headers.get("Content-Type", ""))
        except UserError as error:
            self._tell(error.status, str(error))
            return
        self._send(200, "application/json", json.dumps(found).encode())

    def _for_us(self) -> bool:
        """Whether the browser asked this machine by its own name: no other site's name leads here."""
        return self.headers.get("Host", "").rpartition(":")[0] in _OWN_NAMES

    def _tell(self, status: int, message: str) -> None:
        self._send(status, "application/json", json.dumps({"code": status, "message": message}).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  # as it is inherited
        """Says nothing: the terminal is the model's log."""
