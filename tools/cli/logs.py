"""The log of a job or endpoint in CloudWatch, line by line as it comes."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

_SAME_MS = 10_000
"""How far behind the newest line others may come in: the hosts of a job write each for themselves."""


class Log:
    """What was not yet read of a log group, of the streams that start with `prefix`."""

    def __init__(self, client: Any, group: str, prefix: str = "") -> None:
        self._client = client
        self._where = {"logGroupName": group, **({"logStreamNamePrefix": prefix} if prefix else {})}
        self._newest = 0
        self._seen: dict[str, int] = {}

    def new_lines(self) -> Iterator[str]:
        """The lines that came since the last call; none where there is no log yet, or none may be read."""
        start = max(0, self._newest - _SAME_MS)
        pages = self._client.get_paginator("filter_log_events").paginate(**self._where, startTime=start)
        try:
            for page in pages:
                for event in page["events"]:
                    if event["eventId"] not in self._seen:
                        self._seen[event["eventId"]] = event["timestamp"]
                        self._newest = max(self._newest, event["timestamp"])
                        yield event["message"].rstrip("\n")
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"ResourceNotFoundException", "AccessDeniedException"}:
                raise
        self._seen = {name: time for name, time in self._seen.items() if time >= self._newest - _SAME_MS}
