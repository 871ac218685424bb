"""What reads a workbook: `python excel_sheet.py MEMORY CELLS`, bytes in, JSON out. It needs no more of us."""

import io
import os
import resource
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson


def main(memory: int, cells: int) -> None:
    """Writes the rows of the first sheet that hold something, or what is wrong."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        # Here alone, and not where this module is imported by name.
        from python_calamine import CalamineWorkbook

        book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        sheet = book.get_sheet_by_index(0)
        if sheet.height * sheet.width > cells:
            found: dict[str, Any] = {
                "large": f"spans {sheet.height} rows of {sheet.width} columns; expected at most {cells} cells"
            }
        else:
            rows = sheet.to_python(skip_empty_area=True)
            full = [[_value(cell) for cell in row] for row in rows if any(cell != "" for cell in row)]
            found = {"rows": full, "sheets": book.sheet_names}
    except MemoryError:
        found = {"large": "spans more cells than there is memory for"}
    except BaseException as error:  # its errors are of many kinds; a panic of its parser is no Exception even
        found = {"error": " ".join(str(error).split())[:120]}
    sys.stdout.buffer.write(orjson.dumps(found))
    sys.stdout.flush()
    os._exit(0)


def _value(cell: Any) -> Any:
    """A number without a fraction as a whole one, a time as its ISO text, an empty cell as None."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, bool | int | str):
        return None if cell == "" else cell
    if isinstance(cell, datetime):
        text = cell.isoformat(sep=" ")
        return text.removesuffix(" 00:00:00")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
