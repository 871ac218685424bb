"""One reader, one file, one process: prints the CPU seconds, the peak and the size of the typed table.

Usage: readers.py READER FILE WARM_UP_FILE, a small one of its format, which loads what is loaded late.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORDIO = "application/x-recordio-protobuf"


def ours(path: Path) -> Any:
    """The one place that knows how Slipway turns a channel into a table."""
    from slipway import Channel

    return Channel("train", path.parent, RECORDIO if path.suffix == ".recordio" else "").table


def pandas(path: Path) -> Any:
    import pandas

    if path.suffix == ".parquet":
        return pandas.read_parquet(path)
    return pandas.read_json(path, lines=True) if path.suffix == ".jsonl" else pandas.read_csv(path)


def arrow(path: Path, threads: bool = False) -> Any:
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path, use_threads=threads)
    if path.suffix == ".jsonl":
        return pyarrow.json.read_json(path, pyarrow.json.ReadOptions(use_threads=threads))
    return pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(use_threads=threads))


def arrow_threads(path: Path) -> Any:
    return arrow(path, threads=True)


def arrow_given(path: Path) -> Any:
    """Arrow told the types, of the first 200 kB: then it keeps nothing to convert a second time."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.json

    if path.suffix == ".parquet":
        return arrow(path)  # the file says its types itself
    with pa.input_stream(str(path), compression="detect") as file:
        head = file.read(200_000).rpartition(b"\n")[0] or path.read_bytes()
    if path.suffix == ".jsonl":
        options = pyarrow.json.ReadOptions(use_threads=False)
        schema = pyarrow.json.read_json(pa.py_buffer(head), options).schema
        parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
        return pyarrow.json.read_json(path, options, parse)
    schema = pyarrow.csv.read_csv(pa.py_buffer(head)).schema
    convert = pyarrow.csv.ConvertOptions(column_types=schema)
    return pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(use_threads=False), convert_options=convert)


def polars(path: Path) -> Any:
    import polars

    if path.suffix == ".parquet":
        return polars.read_parquet(path)
    return polars.read_ndjson(path) if path.suffix == ".jsonl" else polars.read_csv(path)


def sagemaker(path: Path) -> Any:
    """RecordIO by SageMaker's own reader, then one matrix."""
    import numpy as np
    from sagemaker.amazon.common import read_records

    with path.open("rb") as file:
        return np.array([record.features["values"].float32_tensor.values for record in read_records(file)])


READERS: dict[str, Callable[[Path], Any]] = {
    "ours": ours,
    "pandas": pandas,
    "arrow": arrow,
    "arrow-threads": arrow_threads,
    "arrow-given": arrow_given,
    "polars": polars,  # POLARS_MAX_THREADS=1 in the child's environment
    "polars-threads": polars,
    "sagemaker": sagemaker,
}


def weight(table: Any) -> int:
    """Bytes of a table of any of the libraries, texts included."""
    if hasattr(table, "estimated_size"):
        return int(table.estimated_size())
    if hasattr(table, "memory_usage"):
        return int(table.memory_usage(index=False, deep=True).sum())
    if hasattr(table, "cells"):
        return sum(int(table.cells(name).nbytes) for name in table.names)
    return int(table.nbytes)


def status(key: str) -> int:
    """Bytes of memory of this process: VmRSS now, VmHWM at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def main() -> None:
    name, path, small = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    read = READERS[name]
    read(small)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = status("VmRSS")
    begun, clock = time.process_time(), time.perf_counter()
    table = read(path)
    cpu, wall = time.process_time() - begun, time.perf_counter() - clock  # of all threads
    peak = status("VmHWM") - before
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak, "table": weight(table), "rows": len(table)}))


if __name__ == "__main__":
    main()
