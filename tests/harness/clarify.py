"""A client of the shape of SageMaker Clarify's explainer: it asks for many changed copies of a record.

Batches of records go out as CSV without a header, or as JSON Lines made by a content template; scores come
back by the index of a column, or by a JMESPath in each line. Where a batch is refused, or its answers are
not as many as its records, the records are sent one by one.
https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-online-explainability-create-endpoint.html
"""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jmespath

Row = Sequence[Any]
Send = Callable[[bytes, str, str], tuple[int, str]]
"""From body, Content-Type and Accept to status and answer."""


@dataclass
class Explainer:
    """`where` is a column's index for text/csv, a JMESPath for application/jsonlines."""

    send: Send
    media: str
    where: int | str
    template: str = '{"features": $features}'
    largest: int = 1000
    """MaxRecordCount of ClarifyInferenceConfig."""

    def scores(self, rows: Sequence[Row]) -> list[Any]:
        """What the model says of each row."""
        found: list[Any] = []
        for start in range(0, len(rows), self.largest):
            batch = rows[start : start + self.largest]
            answers = self._asked(batch)
            if answers is None:
                answers = [one for row in batch for one in self._asked([row]) or [None]]
            found += answers
        return found

    def _asked(self, rows: Sequence[Row]) -> list[Any] | None:
        status, text = self.send(self._body(rows), self.media, self.media)
        answers = self._read(text) if status == 200 else []
        return answers if len(answers) == len(rows) else None

    def _body(self, rows: Sequence[Row]) -> bytes:
        if self.media == "text/csv":
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            return text.getvalue().encode()
        lines = [self.template.replace("$features", json.dumps(list(row))) for row in rows]
        return "\n".join(lines).encode()

    def _read(self, text: str) -> list[Any]:
        if isinstance(self.where, int):
            return [row[self.where] for row in csv.reader(io.StringIO(text))]
        return [jmespath.search(self.where, json.loads(line)) for line in text.splitlines()]
