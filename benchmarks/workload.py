"""What every stack is given: one training file, and for each case one request."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

from tools.layout import configure

CLUSTERS, FEATURES, TRAINING_ROWS = 10, 20, 5_000
INFER = "/v2/models/kmeans/infer"
_random = random.Random(7)
CENTRES = [[_random.uniform(-10, 10) for _ in range(FEATURES)] for _ in range(CLUSTERS)]
NAMES = [f"x{i}" for i in range(FEATURES)]


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    rows: int
    media: str  # text/csv or application/json
    path: str = "/invocations"

    def body(self, header: bool) -> bytes:
        table = _rows(self.rows, seed=self.rows)
        if self.path != "/invocations":
            data = [cell for row in table for cell in row]
            tensor = {"name": "rows", "shape": [self.rows, FEATURES], "datatype": "FP64", "data": data}
            return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
        if self.media == "application/json":
            return json.dumps(table, separators=(",", ":")).encode()
        return _csv(table, header)

    def request(self, header: bool) -> bytes:
        body = self.body(header)
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {self.media}\r\n"
            f"Accept: {self.media}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


CASES = {
    case.name: case
    for case in (
        Case("csv1", "1 row, CSV", 1, "text/csv"),
        Case("json1", "1 row, JSON", 1, "application/json"),
        Case("csv10k", "10,000 rows, CSV", 10_000, "text/csv"),
        Case("json10k", "10,000 rows, JSON", 10_000, "application/json"),
        Case("oip1", "1 row, Open Inference Protocol", 1, "application/json", INFER),
        Case("oip10k", "10,000 rows, Open Inference Protocol", 10_000, "application/json", INFER),
    )
}


def write_training(root: Path) -> None:
    """An /opt/ml tree: 5,000 rows around the ten centres, and the one hyperparameter under both its names."""
    for folder in ("input/data/training", "model", "output"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    configure(root, {"n_clusters": CLUSTERS}, ["training"], ContentType="text/csv")
    (root / "input/data/training/train.csv").write_bytes(_csv(_rows(TRAINING_ROWS, seed=1), header=True))


def write_centres(path: Path) -> None:
    """The centres the data was drawn around, for the C program: `k d`, then the numbers."""
    lines = [f"{CLUSTERS} {FEATURES}", *(" ".join(map(repr, centre)) for centre in CENTRES)]
    path.write_text("\n".join(lines) + "\n")


def _rows(count: int, seed: int) -> list[list[float]]:
    draw = random.Random(seed)
    return [[round(draw.gauss(x, 1), 6) for x in CENTRES[i % CLUSTERS]] for i in range(count)]


def _csv(table: list[list[float]], header: bool) -> bytes:
    lines = [",".join(f"{x:.6f}" for x in row) for row in table]
    return ("\n".join([",".join(NAMES)] * header + lines) + "\n").encode()
