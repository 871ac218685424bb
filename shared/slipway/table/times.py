"""Times. (Placeholder until the real module is merged.)"""

from typing import Any

from pydantic import BaseModel


class TimeFormat(BaseModel):
    form: str = ""

    @classmethod
    def learn(cls, texts: Any, order: str = "") -> "tuple[TimeFormat | None, str]":
        return None, ""

    def parse(self, texts: Any, name: str) -> Any:
        raise NotImplementedError
