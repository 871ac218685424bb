"""The process that counts what the lists of a Parquet file hold: `python -I parquet_lists.py`, its footer in.

Looking at a column's part of the footer ends the process where its statistics are damaged (pyarrow 26), which
must end no worker. Writes the number of values in all columns of lists.
"""

import sys

import pyarrow
import pyarrow.parquet


def main() -> None:
    """Reads the footer from standard input."""
    metadata = pyarrow.parquet.read_metadata(pyarrow.BufferReader(sys.stdin.buffer.read()))
    lists = [
        place for place in range(metadata.num_columns) if metadata.schema.column(place).max_repetition_level
    ]
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    print(sum(group.column(place).num_values for group in groups for place in lists), flush=True)


if __name__ == "__main__":
    main()
