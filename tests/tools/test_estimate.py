"""What a training job takes, told before anything is made: of data here, and of data in S3."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.moto_aws import BUCKET, IMAGE, ROLE
from slipway.image import Cost
from tools import aws_shapes
from tools.cli import instances, main

Slipway = Callable[..., str]
COST = Cost(memory_mb=100, memory_factor=5, cpu_s=5, cpu_s_per_million_cells=10)
CHANNEL = next(name for name, facts in IMAGE.channels.items() if facts.required)
ROWS = "x,y\n" + "1.5,2.5\n" * 1000


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets the image cost something else."""

    def change(**changed: Any) -> None:
        image = IMAGE.model_copy(update={"cost": COST.model_copy(update=changed)})
        monkeypatch.setattr("tools.cli.context.Image.read", lambda folder: image)

    change()
    return change


def told(slipway: Slipway, *given: str) -> dict[str, Any]:
    printed = json.loads(slipway("train", "--role", ROLE, "--dry-run", "--set", "seed=1", *given))
    assert next(iter(printed)) == "estimate", "it comes first"
    found: dict[str, Any] = printed["estimate"]
    return found


def test_rows_bytes_and_memory_of_data_here(
    slipway: Slipway, costs: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    found = told(slipway, "--data", str(tmp_path / "rows.csv"))
    assert (found["rows"], found["columns"], found["bytes"]) == (1000, 2, len(ROWS))
    assert found["table_bytes"] == 16_000
    assert found["memory_bytes"] == 100 * (1 << 20) + 5 * 16_000
    assert found["fits"] is True
    assert found["duration"] == "minutes"
    assert found["instance_types_that_fit"][0] in IMAGE.instances.training
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text(ROWS)
    assert told(slipway, "--data", str(tmp_path))["rows"] == 4000


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
def test_of_data_in_s3_only_the_beginning_is_fetched(
    slipway: Slipway, session: Any, costs: Callable[..., None], form: str
) -> None:
    columns = {name: np.random.default_rng(0).normal(size=600_000) for name in "xy"}
    if form == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink, row_group_size=100_000)
        body = sink.getvalue()
    else:
        lines = "\n".join(f"{x!r},{y!r}" for x, y in np.column_stack([*columns.values()]).tolist())
        body = f"x,y\n{lines}\n".encode()
        body = gzip.compress(body, 1) if form == "csv.gz" else body
    s3 = session.client("s3")
    s3.put_object(Bucket=BUCKET, Key=f"rows/part-0.{form}", Body=body)
    s3.put_object(Bucket=BUCKET, Key=f"rows/part-1.{form}", Body=body)
    for ignored in ("rows/_SUCCESS", "rows/.hidden", "rows/empty"):
        s3.put_object(Bucket=BUCKET, Key=ignored, Body=b"" if ignored.endswith("empty") else b"x")
    fetched: list[str] = []
    session.events.register(
        "provide-client-params.s3.GetObject", lambda params, **_: fetched.append(params["Range"])
    )
    found = told(slipway, "--data", f"s3://{BUCKET}/rows/")
    # gzip is unfolded by rule of thumb: digits pack by half, not to a fifth.
    assert found["rows"] == pytest.approx(1_200_000, rel=0.02 if form != "csv.gz" else 1.5)
    assert found["bytes"] == 2 * len(body)
    ends = [tuple(map(int, one.removeprefix("bytes=").split("-"))) for one in fetched]
    assert sum(end - start + 1 for start, end in ends) < len(body)


def test_a_job_that_cannot_fit_is_refused_before_anything_is_made(
    slipway: Slipway, session: Any, costs: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    costs(memory_factor=1e6)  # 16 GB of 16 kB
    given = ["train", "--role", ROLE, "--data", str(tmp_path), "--instance-type", "ml.m5.large"]
    for more in ([], ["--dry-run"]):
        with pytest.raises(main.CommandError, match=r"cannot fit ml\.m5\.large.*16\.1 GB.*ml\.m5\.2xlarge"):
            slipway(*given, *more)
    assert session.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert session.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []
    assert slipway(*given, "--anyway").strip()


def test_an_image_that_trains_beyond_memory_always_fits(
    slipway: Slipway, costs: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    costs(memory_factor=1e6, beyond_memory=True)
    found = told(slipway, "--data", str(tmp_path), "--instance-type", "ml.m5.large")
    assert (found["fits"], found["in_pieces"]) == (True, True)


def test_a_type_that_is_not_known_is_not_judged(
    slipway: Slipway, costs: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    costs(memory_factor=1e9)
    assert told(slipway, "--data", str(tmp_path), "--instance-type", "ml.p3.2xlarge")["fits"] is None


@pytest.mark.parametrize(
    ("rate", "duration"),
    [(1e3, "minutes"), (1e6, "less than an hour"), (1e7, "hours"), (1e9, "more than a day")],
)
def test_the_class_of_the_duration_goes_by_cells_and_cpus(
    slipway: Slipway, costs: Callable[..., None], tmp_path: Path, rate: float, duration: str
) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)  # 2,000 cells
    costs(cpu_s_per_million_cells=rate)
    assert told(slipway, "--data", str(tmp_path))["duration"] == duration
    costs(cpu_s_per_million_cells=rate, time_limit="seed")
    assert told(slipway, "--data", str(tmp_path), "--set", "seed=10")["duration"] == "minutes"


def test_data_that_cannot_be_looked_at_cost_no_job(slipway: Slipway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket that only the role may read."""
    said: list[str] = []
    monkeypatch.setattr(main.Context, "say", lambda self, text: said.append(text))
    printed = json.loads(slipway("train", "--role", ROLE, "--dry-run", "--data", "s3://theirs/rows/"))
    assert "estimate" not in printed
    assert said[0].startswith("not estimated: ")
    slipway("train", "--role", ROLE, "--data", "s3://theirs/rows/")


def test_data_that_are_no_table_are_told_and_left_to_the_job(
    slipway: Slipway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows.csv").write_text("x,x\n1,2\n")
    said: list[str] = []
    monkeypatch.setattr(main.Context, "say", lambda self, text: said.append(text))
    slipway("train", "--role", ROLE, "--dry-run", "--data", str(tmp_path))
    assert "column names must differ" in said[0]


@pytest.mark.parametrize(
    ("name", "cpus", "gib"),
    [
        ("ml.m5.large", 2, 8),
        ("ml.m5.24xlarge", 96, 384),
        ("ml.c5.xlarge", 4, 8),
        ("ml.c5.9xlarge", 36, 72),
        ("ml.c4.2xlarge", 8, 15),
        ("ml.r5.4xlarge", 16, 128),
        ("ml.t2.medium", 2, 4),
        ("ml.t3.2xlarge", 8, 32),
        ("ml.m7i.8xlarge", 32, 128),
        ("ml.g5.2xlarge", 8, 32),
    ],
)
def test_what_types_have_is_what_aws_publishes(name: str, cpus: int, gib: float) -> None:
    """Figures of https://aws.amazon.com/ec2/instance-types/."""
    assert instances.known(name) == instances.Instance(name, cpus, gib)
    kinds = ("TrainingInstanceType", "ProductionVariantInstanceType")
    assert any(name in aws_shapes.choices(kind) for kind in kinds)


@pytest.mark.parametrize("name", ["ml.p4d.24xlarge", "ml.x2iedn.large", "ml.m5", "m5.large"])
def test_other_families_are_not_guessed(name: str) -> None:
    assert instances.known(name) is None
