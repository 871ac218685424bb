"""The commands and their options, and what is said where one cannot be done."""

import argparse
import difflib
import os
import sys
import tarfile
from types import ModuleType
from typing import Any, NoReturn

import boto3

from .. import ROOT
from . import delete, deploy, drift, fetch, invoke, policy, register, status, train, transform, tune
from .context import Context
from .errors import AWS_ERRORS, CommandError, told

COMMANDS: dict[str, ModuleType] = {
    "train": train,
    "tune": tune,
    "transform": transform,
    "deploy": deploy,
    "register": register,
    "invoke": invoke,
    "status": status,
    "fetch": fetch,
    "delete": delete,
}
NO_IMAGE: dict[str, ModuleType] = {"policy": policy, "drift": drift}
"""Those that are of no image by its name."""
_RUNS = {"train", "tune", "transform", "deploy"}  # run an image, and make things
_MAKES = _RUNS | {"register"}
_WAITS = _RUNS | {"invoke", "status"}
_EPILOG = """\
Names of jobs and endpoints go from one command to the next in .slipway/jobs/<image>.json: train, then deploy,
invoke and delete need no names. --dry-run prints the exact requests, and needs no AWS account. Region and
credentials are found as the AWS CLI finds them. docs/aws.md goes from a clone to an endpoint.
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help tells more)\n")


def images() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("images/*/image.toml"))


def parse(given: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="slipway",
        description="Train and serve Slipway's images on SageMaker.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, module in COMMANDS.items():
        one = commands.add_parser(name, help=_summary(module), description=_summary(module))
        one.add_argument("image", metavar="IMAGE", type=_image, help=", ".join(images()))
        module.arguments(one)
        _common(one, name)
    for name, module in NO_IMAGE.items():
        one = commands.add_parser(name, help=_summary(module), description=_summary(module))
        module.arguments(one)
        _account(one)
    commands.add_parser("conformance", help="whether any image keeps SageMaker's contract: --help tells more")
    return parser.parse_args(given)


def run(options: argparse.Namespace, session: Any) -> None:
    """One command. Raises CommandError, one line, where it cannot be done."""
    if options.command in NO_IMAGE:
        NO_IMAGE[options.command].run(options, session)
        return
    COMMANDS[options.command].run(Context(options, session))


def main() -> int:
    given = sys.argv[1:]
    if given[:1] == ["conformance"]:
        os.execv(sys.executable, [sys.executable, "-m", "tools.conformance", *given[1:]])
    options = parse(given)
    services: dict[str, str] = {}

    try:
        session = boto3.Session(
            profile_name=options.profile, region_name=options.region or os.environ.get("AWS_REGION")
        )
        session.events.register(
            "before-call", lambda model, **_: services.update({model.name: model.service_model.service_name})
        )
        run(options, session)
    except (CommandError, ValueError, OSError, tarfile.TarError) as error:
        return _refuse(options.command, str(error))
    except AWS_ERRORS as error:
        return _refuse(options.command, told(error, services))
    except KeyboardInterrupt:
        return _interrupted(options)
    return 0


def _image(name: str) -> str:
    known = images()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise argparse.ArgumentTypeError(f"there is no image {name}: it is one of {', '.join(known)}{hint}")
    return name


def _common(parser: argparse.ArgumentParser, command: str) -> None:
    if command in _RUNS:
        parser.add_argument("--name", help="what the job or endpoint is called; image and time unless given")
    if command in _MAKES:
        parser.add_argument("--image-uri", help="the image in ECR; where `make push` puts it unless given")
        parser.add_argument("--tag", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE")
    if command in _WAITS:
        parser.add_argument(
            "--wait",
            action=argparse.BooleanOptionalAction,
            default=command != "status",
            help="until it is done, with its log",
        )
    parser.add_argument("--dry-run", action="store_true", help="print the exact requests, send none")
    parser.add_argument("--job-file", help=".slipway/jobs/<image>.json unless given")
    _account(parser)


def _account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", help="that of the environment or the profile unless given")
    parser.add_argument("--profile", help="one of ~/.aws/config; that of the environment unless given")
    parser.add_argument("--account", help="the account's number, asked of AWS unless given")
    parser.add_argument("--bucket", help="sagemaker-<region>-<account> unless given")
    parser.add_argument("--prefix", default="slipway", help="what keys in the bucket start with")


def _summary(module: ModuleType) -> str:
    return (module.__doc__ or "").partition(": ")[2].splitlines()[0]


def _refuse(command: str, why: str) -> int:
    print(f"slipway {command}: {' '.join(why.split())}", file=sys.stderr)
    return 1


def _interrupted(options: argparse.Namespace) -> int:
    again = f"; `slipway status {options.image} --wait` follows it again" if hasattr(options, "image") else ""
    print(f"slipway {options.command}: no longer waiting; what was started goes on{again}", file=sys.stderr)
    return 130
