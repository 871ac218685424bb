"""What every command works with: its options, the image, the account, the job file, clients of boto3."""

import argparse
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.config import Config

from slipway.image import Image

from .. import ROOT
from .account import Account
from .errors import CommandError
from .jobs import Jobs
from .plan import Plan

TAG = "slipway:image"
"""The tag of all that the commands make; its value is the image's name."""
# An endpoint takes up to 60 s to answer; a request that was cut off is not sent again by itself.
_CONFIG = Config(read_timeout=75, retries={"mode": "standard", "total_max_attempts": 4})


class Context:
    """One command that runs."""

    def __init__(self, options: argparse.Namespace, session: Any) -> None:
        self.options = options
        self.image = Image.read(ROOT / "images" / options.image)
        self.account = Account(options, session)
        self._session = session
        self._clients: dict[str, Any] = {}

    @cached_property
    def job_file(self) -> Path:
        return Path(self.options.job_file or ROOT / ".slipway/jobs" / f"{self.image.name}.json")

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs.read(self.job_file, self.image.name, self.account.region)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, region_name=self.account.region, config=_CONFIG
            )
        return self._clients[service]

    def keep(self) -> None:
        """Writes the job file."""
        self.jobs.write(self.job_file)

    def carry_out(self, plan: Plan) -> list[dict[str, Any]] | None:
        """Carries `plan` out and returns the answers; in a dry run prints it, and returns None."""
        plan.check()
        if self.options.dry_run:
            print(plan.printed())
            return None
        return plan.carry_out(self.client)

    def say(self, text: str) -> None:
        """Tells how it goes; what a command is asked for goes to standard output instead."""
        print(text, file=sys.stderr, flush=True)

    def tags(self) -> list[dict[str, str]]:
        """The tags of a thing that is made: ours, and those of the options."""
        given = {TAG: self.image.name, **pairs(self.options.tag, "tag")}
        return [{"Key": key, "Value": value} for key, value in given.items()]


def pairs(texts: list[str], option: str) -> dict[str, str]:
    """key=value texts as a dict."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise CommandError(f"--{option}: expected key=value, got {text}")
        found[key] = value
    return found
