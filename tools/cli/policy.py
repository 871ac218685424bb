"""`policy`: an IAM policy of policies/, its placeholders filled in."""

import argparse
from pathlib import Path
from typing import Any

from .. import ROOT
from .account import Account
from .errors import CommandError

FOLDER = ROOT / "policies"


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=names())
    parser.add_argument(
        "--role", default="SlipwayExecution", help="the name of the role that SageMaker runs as"
    )
    parser.set_defaults(dry_run=True)  # where no account can be asked, an example stands for it


def run(options: argparse.Namespace, session: Any) -> None:
    """Prints the policy."""
    given = values(options.role, Account(options, session))
    print(filled((FOLDER / f"{options.name}.json").read_text(), given), end="")


def values(role: str, account: Account) -> dict[str, str]:
    """The value of each placeholder."""
    return {
        "<partition>": account.partition,
        "<region>": account.region,
        "<account>": account.number,
        "<bucket>": account.bucket,
        "<prefix>": account.prefix,
        "<role>": Path(role).name,
    }


def filled(text: str, given: dict[str, str]) -> str:
    for placeholder, value in given.items():
        text = text.replace(placeholder, value)
    if "<" in text:
        raise CommandError(f"a placeholder has no value: {text[text.index('<') :][:20]}")
    return text
