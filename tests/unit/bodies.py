"""Bodies that are small and ask for much, or look whole and are not: each by its kind, in every format it can have."""

# ruff: noqa: E501  # a line a body

import io
import struct
import zipfile
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

CSV, JSON, LINES, NPY = "text/csv", "application/json", "application/jsonlines", "application/x-npy"
PARQUET, RECORDIO, LIBSVM = "application/x-parquet", "application/x-recordio-protobuf", "text/libsvm"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RECORD = '{"on_error": "record"}'
# Found by the fuzzer: pyarrow 26 ends the process where this footer's columns are looked at one by one.
DAMAGED = "UEFSMRUEFSAVJEwVBBUAEgAAEDwBAAAAAAAAAAIAAAAAAAAAFQAVEhUWLBUGFRAVBhUGHBgIAgAAAAAAAAAYCAEAAAAAAAAAFgIoCAIAAAAAAAAAGAgBAAAAAAAAABERAAAACSACAAAAAwMBAwIVBBUgFSRMFQQVABIAABA8AAAAAAAA4D+cdQCIPOQ3fhUAFRIVFiwVBhUQFQYVBhwYCJx1AIg85Dd+GAgAAAAAAADgPxYCKAicdQCIPOQ3fhAIAAAAAAAA4D8REQAAAAkgAgAAAAMFAQMCFQQZPDUAGAZzY2hlbWEVBAAVBCUCGAFuABUKJgIYAXgAFgYZHBksJgAcFQQZNQAGEBkYAW4VAhYGFswBFtQBJkgmCBwYCAIAAAAAAAAAGAgBAAAAAAAAABYCKAgCAAAAAAAAABgIAQAAAAAAAAAREQAZLBUEFQAVAgAVABUQFQIAPCkGGSYCBAAAACYAHBUKGTUABhAZGAF4FQIWBhbMARbUASacAibcARwYCJx1AIg85Dd+GAgAAAAAAADgPxYCKAicdQCIPOQ3fhgIAAAAAAAA4D8REQAZLBUEFQAVAgAVABUQFQIAPCkGGSYCBAAAABaYAxYGJggWqAMAGRwYDEFSUk9XOnNjaGVtYRjsAS8vLy8vNmdBQUFBUUFBQUFBQUFLQUF3QUJnQUZBQWdBQ2dBQUFBQUJCQUFNQUFBQUNBQUlBQUFBQkFBSUFBQUFCQUFBQUFJQUFBQkVBQUFBQkFBQUFOVC8vLzhBQUFFREVBQUFBQmdBQUFBRUFBQUFBQUFBQUFFQUFBQjRBQVlBQ0FBR0FBWUFBQUFBQUFJQUVBQVVBQWdBQmdBSEFBd0FBQUFRQUJBQUFBQUFBQUVDRUFBQUFCd0FBQUFFQUFBQUFBQUFBQUVBQUFCdUFBQUFDQUFNQUFnQUJ3QUlBQUFBQUFBQUFVQUFBQUE9ABggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lvbiAyNi4wLjEZLBwAABwAAAAnAgAAUEFSMQ=="


@dataclass(frozen=True)
class Body:
    """A request."""

    content_type: str
    make: Callable[[], bytes]
    statuses: tuple[int, ...] = (400, 413)
    model: str = "numbers"
    accept: str = ""
    attributes: str = ""
    says: str = ""
    """What the answer holds, where that matters."""


def npy(shape: tuple[int, ...], kind: str = "<f8", data: bytes = b"", fortran: bool = False) -> bytes:
    """An array of NumPy, whatever it claims."""
    head = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


def recordio(*contents: bytes) -> bytes:
    """Frames of any content."""
    frames = [struct.pack("<II", 0xCED7230A, len(one)) + one + bytes(-len(one) % 4) for one in contents]
    return b"".join(frames)


def record(
    values: list[float], keys: tuple[int, ...] = (), shape: tuple[int, ...] = (), name: str = "values"
) -> bytes:
    """The content of a frame."""
    from slipway.formats.record import record_type

    made = record_type()()
    tensor = made.features[name].float32_tensor
    tensor.values.extend(values)
    tensor.keys.extend(keys)
    tensor.shape.extend(shape)
    content: bytes = made.SerializeToString()
    return content


def parquet(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A file of one row group, unless `options` say otherwise."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink, **options)
    return bytes(sink.getvalue().to_pybytes())


_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}


def xlsx(rows: str, shared: str = "") -> bytes:
    """A workbook whose sheet has this XML for rows."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, text in _PARTS.items():
            parts.writestr(name, text)
        parts.writestr("xl/worksheets/sheet1.xml", _SHEET.format(rows))
        if shared:
            text = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{shared}</sst>'
            parts.writestr("xl/sharedStrings.xml", text)
    return made.getvalue()


def _cells(count: int, cell: str, wide: int = 4) -> str:
    row = cell * wide
    return f"<row>{row}</row>" * (count // wide)


def ods(repeated: int, more: tuple[str, ...] = ()) -> bytes:
    """An OpenDocument sheet of one row, many times."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as parts:
        for name in more:
            parts.writestr(name, "")
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
        parts.writestr(
            "content.xml",
            '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
            'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>'
            f'<table:table table:name="a"><table:table-row table:number-rows-repeated="{repeated}">'
            '<table:table-cell office:value-type="float" office:value="7"/></table:table-row></table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return made.getvalue()


def _parquet_zone() -> bytes:
    return parquet(
        {"code": pa.array([1], pa.timestamp("us", tz="Europe/Nirgendwo")), "ok": [True], "n": [1], "x": [1.0]}
    )


def _parquet_bad_text() -> bytes:
    columns = {"code": ["scharf-kantig"], "ok": [True], "n": [1], "x": [1.0]}
    return parquet(columns, use_dictionary=False, compression="none", write_statistics=False).replace(
        b"scharf-kantig", b"scharf\xff\xfekantig"[:13]
    )


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


def _own_keys(count: int) -> bytes:
    return orjson.dumps([{f"feature_{place}": place} for place in range(count)])


def _last_is_bad(count: int, row: bytes, bad: bytes) -> bytes:
    return row * (count - 1) + bad


_MIXED = b"code,ok,n,x\n"

BODIES: dict[str, Body] = {
    # Rows or columns of nothing, which take no bytes.
    "npy: rows of nothing": Body(NPY, partial(npy, (70_000_000, 0))),
    "npy: no rows, many columns": Body(NPY, partial(npy, (0, 80_000_000)), (204, 400, 413)),
    "npy: texts of no characters": Body(NPY, partial(npy, (3, 700_000_000), "<U0")),
    "npy: bytes of no length": Body(NPY, partial(npy, (900_000_000, 4), "|S0")),
    "npy: a record of no fields": Body(NPY, partial(npy, (1 << 40, 4), "|V0")),
    "npy: many axes": Body(NPY, partial(npy, (1,) * 60, "<f8", bytes(8))),
    "npy: a size beyond 64 bits": Body(NPY, partial(npy, (1 << 62, 1 << 62))),
    "npy: a negative axis": Body(NPY, partial(npy, (-4, 4), "<f8", bytes(128))),
    "npy: a header of a million brackets": Body(NPY, lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 20) + b"(" * (1 << 20)),
    "npy: long texts, mostly nothing": Body(NPY, lambda: npy((4, 4), "<U60000", bytes(16 * 240_000)), (200,)),
    "npy: code points that are none": Body(NPY, lambda: npy((1, 4), "<U1", b"\x00\xd8\x00\x00" * 4), model="mixed"),
    "npy: code points beyond Unicode": Body(NPY, lambda: npy((1, 4), "<U1", b"\xff\xff\xff\x7f" * 4), model="mixed"),
    "RecordIO: a sparse record of a huge shape": Body(RECORDIO, lambda: recordio(record([1.0], (5,), (1 << 25,)))),
    "RecordIO: many of them": Body(RECORDIO, lambda: recordio(*[record([1.0], (5,), (1 << 22,))] * 60)),
    "RecordIO: a shape of 2^63": Body(RECORDIO, lambda: recordio(record([1.0], (5,), (1 << 63,)))),
    "RecordIO: a key of 2^63": Body(RECORDIO, lambda: recordio(record([1.0], ((1 << 63) + 1,), (4,)))),
    "RecordIO: a key of 2^63 in a shape as large": Body(RECORDIO, lambda: recordio(record([1.0], ((1 << 63) + 1,), ((1 << 64) - 1,)))),
    "RecordIO: a name that is not UTF-8": Body(RECORDIO, lambda: recordio(record([1.0] * 4, name="values").replace(b"values", b"val\xff\xfes"))),
    "RecordIO: a frame of half a gigabyte that is not there": Body(RECORDIO, lambda: struct.pack("<II", 0xCED7230A, (1 << 29) - 1) + b"\x00" * 40),
    "RecordIO: empty frames": Body(RECORDIO, lambda: recordio(*[b""] * 100_000)),
    "RecordIO: 100,000 names in a record": Body(RECORDIO, lambda: recordio(b"".join(record([], name=f"f{place}") for place in range(20_000)))),
    "Excel: cells in two corners": Body(EXCEL, lambda: xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')),
    "Excel: cells in two corners of one column": Body(EXCEL, lambda: xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>')),
    "Excel: beyond the last corner": Body(EXCEL, lambda: xlsx('<row r="1"><c r="A1"><v>1</v></c></row><row r="4000000000"><c r="ZZZZZ4000000000"><v>2</v></c></row>')),
    "Excel: one long text, many times": Body(EXCEL, lambda: xlsx(_cells(80_000, '<c t="s"><v>0</v></c>'), f"<si><t>{'long ' * 20_000}</t></si>")),
    "Excel: many texts in place": Body(EXCEL, lambda: xlsx(_cells(120_000, f'<c t="inlineStr"><is><t>{"t" * 1000}</t></is></c>'))),
    "Excel: a sheet that unfolds to 200 MB of nothing": Body(EXCEL, lambda: xlsx(" " * 200_000_000)),
    "Excel: a million cells that are empty": Body(EXCEL, lambda: xlsx(_cells(1_000_000, "<c/>")), (204, 400, 413)),
    "Excel: OpenDocument instead": Body(EXCEL, partial(ods, 1_048_000)),
    "Excel: OpenDocument, as the old kind": Body("application/vnd.ms-excel", partial(ods, 1_048_000)),
    "Excel: OpenDocument that passes for a workbook": Body(EXCEL, lambda: ods(1_048_000, ("xl/workbook.xml",))),
    "Excel: no workbook, but a zip": Body(EXCEL, lambda: xlsx("").replace(b"xl/", b"xx/")),
    "Excel: an old workbook's head alone": Body("application/vnd.ms-excel", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 4000),
    "Parquet: statistics of another size": Body(PARQUET, lambda: b64decode(DAMAGED), statuses=(400,)),
    "Parquet: zeros without end": Body(PARQUET, lambda: parquet({"x": np.zeros(1 << 26)})),
    "Parquet: zeros for every column": Body(PARQUET, lambda: parquet({name: np.zeros(1 << 23) for name in "wxyz"})),
    "Parquet: a long text again and again": Body(PARQUET, lambda: parquet({"code": pa.DictionaryArray.from_arrays(np.zeros(4_000_000, np.int32), ["lang " * 300]), **{name: np.zeros(4_000_000, np.int8) for name in ("ok", "n", "x")}}), model="mixed"),
    "Parquet: the same, plain": Body(PARQUET, lambda: parquet({"code": ["lang " * 300] * 120_000, **{name: np.zeros(120_000, np.int8) for name in ("ok", "n", "x")}}, use_dictionary=False, compression="gzip"), model="mixed"),
    "Parquet: lists without end": Body(PARQUET, lambda: parquet({"x": pa.ListArray.from_arrays(np.array([0, 1 << 25], np.int32), pa.array(np.zeros(1 << 25)))})),
    "Parquet: an unknown time zone": Body(PARQUET, _parquet_zone, model="mixed"),
    "Parquet: texts that are not UTF-8": Body(PARQUET, _parquet_bad_text, model="mixed"),
    "Parquet: 10,000 columns": Body(PARQUET, lambda: parquet({f"c{place}": [1.0] for place in range(10_000)}, compression="none")),
    "CSV: a header of equal names": Body(CSV, lambda: b",".join([b"total"] * 60_000) + b"\n1\n"),
    "CSV: a header of commas": Body(CSV, lambda: b"," * 90_000 + b"\n"),
    "CSV: a header of a million columns": Body(CSV, lambda: b",".join(b"c%d" % place for place in range(1_000_000)) + b"\n"),
    "CSV: a million columns of one row": Body(CSV, lambda: b"1" + b",1" * 1_000_000 + b"\n"),
    "CSV: a million columns, each line its own": Body(CSV, lambda: b"\n".join(b"1" + b"," * place for place in range(2_000)), attributes=RECORD, statuses=(200,)),
    "CSV: a million quotes": Body(CSV, lambda: b'"' * 1_000_001),
    "CSV: quotes that never close, line by line": Body(CSV, lambda: b'"1,2,3,4\n' * 60_001, attributes=RECORD, statuses=(200, 400)),
    "CSV: carriage returns": Body(CSV, lambda: b"1,2,3,4\r" * 100_000, statuses=(200, 400)),
    "CSV: zero bytes": Body(CSV, lambda: bytes(2_000_000)),
    "CSV: a number of a million digits": Body(CSV, lambda: b"1" * 1_000_000 + b",2,3,4\n"),
    "CSV: a cell of a million characters that is none": Body(CSV, lambda: b"1,2,3," + b"ab" * 500_000 + b"\n"),
    "CSV: the last cell is bad": Body(CSV, lambda: _last_is_bad(600_000, b"7,8,9,10\n", b"7,8,9,zehn\n"), says="row 600000"),
    "CSV: the last cell is bad, and texts beside it": Body(CSV, lambda: _MIXED + _last_is_bad(300_000, b"00,true,3,4\n", b"00,true,3,vier\n"), model="mixed", says="row 300000"),
    "CSV: the last line is short": Body(CSV, lambda: _last_is_bad(600_000, b"7,8,9,10\n", b"7,8,9\n"), says="3 cells"),
    "CSV: bytes that are no text, at the end": Body(CSV, lambda: _last_is_bad(600_000, b"7,8,9,10\n", b"7,8,9,\xff\n"), says="line 600000"),
    "CSV: another encoding, of zeros": Body("text/csv; charset=utf-32", lambda: bytes(4_000_000)),
    "CSV: an encoding that is none": Body("text/csv; charset=unicode_escape", lambda: b"\\x31,2,3,4\n"),
    "CSV: an encoding that takes its square": Body("text/csv; charset=idna", lambda: b"a" * 300_000 + b"\n"),
    "JSON: each object a key of its own": Body(JSON, partial(_own_keys, 25_000)),
    "JSON: the same, given back": Body(JSON, partial(_own_keys, 25_000), model="mixed"),
    "JSON: the same, line by line": Body(LINES, lambda: _own_keys(25_000)[1:-1].replace(b"},", b"}\n")),
    "JSON: the same, errors by row": Body(JSON, partial(_own_keys, 25_000), statuses=(200, 400, 413), attributes=RECORD),
    "JSON: nested, for a cell": Body(JSON, lambda: b"[[1,2,3," + _nested(900) + b"]]"),
    "JSON: nested, for a row": Body(JSON, lambda: b"[[1,2,3,4]," + _nested(900) + b"]"),
    "JSON: nested, for the features": Body(JSON, lambda: b'{"instances": [{"features": {"values": {"a": ' + _nested(900) + b"}}}]}"),
    "JSON: nested, for the instances": Body(JSON, lambda: b'{"instances": {"a": ' + _nested(900) + b"}}"),
    "JSON: nested, for the configuration": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": ' + _nested(900) + b"}"),
    "JSON: nested, for an option": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": {"on_error": ' + _nested(900) + b"}}"),
    "JSON: nested, for a list option": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": {"picks": ' + _nested(900) + b"}}"),
    "JSON: nested, for a column's name": Body(JSON, lambda: b'{"columns": [' + _nested(900) + b',"x","y","z"], "data": [[1,2,3,4]]}'),
    "JSON: nested, in an extra column given back": Body(JSON, lambda: b'[{"code":"a","ok":true,"n":1,"x":2,"more":' + _nested(300) + b"}]", statuses=(200, 400), model="mixed"),
    "JSON: the same, as CSV": Body(JSON, lambda: b'[{"code":"a","ok":true,"n":1,"x":2,"more":' + _nested(300) + b"}]", statuses=(200, 400), model="mixed", accept=CSV),
    "JSON: the same, as Parquet": Body(JSON, lambda: b'[{"code":"a","ok":true,"n":1,"x":2,"more":' + _nested(300) + b"}]", statuses=(200, 400, 406), model="mixed", accept=PARQUET),
    "JSON: nested, line by line": Body(LINES, lambda: b"[1,2,3,4]\n" + _nested(900) + b"\n"),
    "JSON: nested without end": Body(JSON, partial(_nested, 100_000)),
    "JSON: nested without end, beside NaN": Body(JSON, lambda: b'[NaN,"\\n",' + _nested(100_000) + b"]"),
    "JSON: a number without end beside NaN": Body(JSON, lambda: b'[[1' + b"0" * 500 + b',NaN,"\\n",4]]'),
    "JSON: 200,000 digits beside NaN": Body(JSON, lambda: b'[[' + b"7" * 200_000 + b',NaN,"\\n",4]]'),
    "JSON: a sparse row of a huge shape": Body(JSON, lambda: b'{"instances":[{"data":{"features":{"keys":[1],"shape":[90000000],"values":[1]}}}]}'),
    "JSON: many sparse rows": Body(JSON, lambda: b'{"instances":[' + b",".join([b'{"data":{"features":{"keys":[1],"shape":[65536],"values":[1]}}}'] * 5_000) + b"]}"),
    "JSON: the last cell is bad": Body(JSON, lambda: b"[" + _last_is_bad(150_000, b"[7,8,9,10],", b'[7,8,9,"zehn"]') + b"]", says="row 150000"),
    "JSON: the last row is short": Body(JSON, lambda: b"[" + _last_is_bad(150_000, b"[7,8,9,10],", b"[7,8,9]") + b"]", says="row 150000"),
    "JSON: halves of characters": Body(JSON, lambda: b'[{"code":"\\ud800","ok":true,"n":1,"x":NaN}]', model="mixed"),
    "JSON Lines: the last line is bad": Body(LINES, lambda: _last_is_bad(150_000, b"[7,8,9,10]\n", b"[7,8,9,\n"), says="line 150000"),
    "LibSVM: a form feed inside a line": Body(LIBSVM, lambda: b"1 1:2 2:3\x0c1 1:5\n"),
    "LibSVM: a line separator inside a line": Body(LIBSVM, lambda: "1 1:2 2:3\u2028 1:5\n".encode()),
    "LibSVM: an index without end": Body(LIBSVM, lambda: b"1 " + b"9" * 5_000 + b":1\n"),
    "LibSVM: a number without end": Body(LIBSVM, lambda: b"1 1:" + b"9" * 500_000 + b"\n"),
    "LibSVM: the last line is bad": Body(LIBSVM, lambda: _last_is_bad(150_000, b"1 1:2 4:3\n", b"1 1:2 4:drei\n"), says="line 150000"),
    "LibSVM: commas": Body(LIBSVM, lambda: b"," * 2_000_000),
    "rows too large for a sum, by row": Body(CSV, lambda: b"1e308,1e308,1,1\n" * 70_000, statuses=(200,), attributes=RECORD),
    "rows too large for a sum, one of two": Body(CSV, lambda: b"1e308,1e308,1,1\n1,1,1,1\n" * 60_000, statuses=(200,), attributes=RECORD),
    "rows too large for a sum, in JSON": Body(JSON, lambda: b"[" + b",".join([b"[1e308,1e308,1,1]"] * 4_000) + b"]", statuses=(200,), attributes=RECORD),
    "rows that are no numbers, by row": Body(CSV, lambda: b"a,b,c,d\n" * 100_000, statuses=(200, 400), attributes=RECORD),
    "rows of another width, by row": Body(CSV, lambda: b"1,2,3,4\n" + b"1,2\n" * 50_000, statuses=(200,), attributes=RECORD),
    "a list option of ten megabytes": Body(CSV, lambda: b"1,2,3,4\n", attributes='{"picks": "[' + "'a'," * 2_500_000 + '"}'),
    "the same, in the document": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": {"picks": "[' + b"'a'," * 2_500_000 + b'"}}'),
    "an option in a million brackets": Body(CSV, lambda: b"1,2,3,4\n", attributes='{"picks": "' + "[" * 1_000_000 + '"}'),
    "an option in quotes within quotes": Body(CSV, lambda: b"1,2,3,4\n", attributes='{"picks": "' + "'" * 1_000_000 + '"}', statuses=(200, 400)),
    "a name of an option without end": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": {"' + b"pick" * 500_000 + b'": 1}}'),
    "100,000 options": Body(JSON, lambda: b'{"instances": [[1,2,3,4]], "configuration": ' + orjson.dumps({f"p{place}": 1 for place in range(100_000)}) + b"}"),
    "an Accept of a million choices": Body(CSV, lambda: b"1,2,3,4\n", accept="a/b," * 1_000_000, statuses=(406,)),
    "a Content-Type of a million parameters": Body("text/csv" + ";a=b" * 250_000, lambda: b"1,2,3,4\n", statuses=(200, 400, 415)),
    "numbers of npy, wanted in JSON": Body(NPY, lambda: npy((2, 4), "<f8", np.ones(8).tobytes()), (200, 400), model="mixed", accept=JSON),
    "numbers of npy, wanted in CSV": Body(NPY, lambda: npy((2, 4), "<f4", np.ones(8, "<f4").tobytes()), (200, 400), model="mixed", accept=CSV),
    "numbers of RecordIO, wanted in JSON": Body(RECORDIO, lambda: recordio(record([1.0] * 4)), (200, 400), model="mixed", accept=JSON),
    "numbers of RecordIO, wanted in CSV": Body(RECORDIO, lambda: recordio(record([1.0] * 4)), (200, 400), model="mixed", accept=CSV),
}  # fmt: skip
