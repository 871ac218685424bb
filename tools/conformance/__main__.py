"""Hold a SageMaker image, ours or another's, against the contract, as far as it can be seen from outside.

Needs Docker, and nothing else: the image is trained and served as the platform would do it, on this machine.
With --protocol oip it is a server of the Open Inference Protocol that is checked: an image, or whatever
listens at http://host:port.
"""

import argparse
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from . import (
    batch_checks,  # noqa: F401  each registers its checks
    image_checks,  # noqa: F401
    models_checks,  # noqa: F401
    oip,
    oip_checks,  # noqa: F401
    oip_server_checks,  # noqa: F401
    report,
    request_checks,  # noqa: F401
    serving_checks,  # noqa: F401
    subject,
    training_checks,  # noqa: F401
)
from .engine import Engine, EngineError
from .payload import Payload
from .registry import CHECKS, Check, Result, Verdict, carry_out, order
from .stage import Stage

_NEEDS = {"train": ("train",), "serve": ("serve", "models"), "both": ("train", "serve", "models")}


class List(argparse.Action):
    """Prints every check, as Markdown."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(report.listed(sorted(CHECKS, key=order)))
        parser.exit()


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description=(__doc__ or "").strip(),
        epilog="Exit code: 0 all passed, 1 some failed, 2 it could not be tried.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("image", help="an image that Docker has; for oip also http://host:port")
    parser.add_argument(
        "--protocol", choices=subject.PROTOCOLS, default=subject.SAGEMAKER, help="what to check"
    )
    parser.add_argument("--data", type=Path, help="training data: a folder with one folder per channel")
    parser.add_argument(
        "--channel", action="append", default=[], metavar="NAME=FOLDER", help="a channel more"
    )
    parser.add_argument("--hyperparameters", type=Path, help="a JSON file, or DATA/hyperparameters.json")
    parser.add_argument("--input-type", default="", help="content type of the training data")
    parser.add_argument("--model", type=Path, help="serve this folder, instead of what is trained")
    parser.add_argument(
        "--payload", type=Path, help="a file to send: CSV or JSON Lines allows most checks; JSON for oip"
    )
    parser.add_argument("--model-name", default="", help="of the model to ask by oip, if there are several")
    parser.add_argument("--content-type", help="of the payload; by its ending unless given")
    parser.add_argument("--accept", default="", help="media type of the answers to ask for")
    parser.add_argument("--target-model", default="model-1", help="a name for a model, if multi-model")
    parser.add_argument("--only", choices=["train", "serve"], help="images that do only one of both")
    parser.add_argument("--row", action="append", default=[], help="check this row, or section (B2), alone")
    parser.add_argument("--skip", action="append", default=[], help="leave this row or section out")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for a job or a start")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="checks at the same time")
    parser.add_argument("--junit", type=Path, help="write JUnit XML to this file")
    parser.add_argument("--markdown", type=Path, help="write the table as Markdown to this file")
    parser.add_argument("--list", action=List, nargs=0, help="print what can be checked, and end")
    parser.add_argument("--keep", action="store_true", help="leave the containers, to look into them")
    return parser


def read(options: argparse.Namespace, engine: Engine) -> subject.Subject:
    """What is to be checked. Raises ValueError, OSError, EngineError."""
    payload = Payload.read(options.payload, options.content_type) if options.payload else None
    url = options.image if "://" in options.image else ""
    if options.protocol == subject.OIP:
        if payload:
            oip.request(payload.body)  # what is wrong with it is told before anything is started
    elif url:
        raise ValueError(f"{url}: a server that runs already can be checked with --protocol oip only")
    return subject.Subject(
        image=options.image,
        facts={} if url else engine.inspect(options.image),
        protocol=options.protocol,
        url=url,
        model_name=options.model_name,
        channels=subject.channels(options.data, options.channel),
        hyperparameters=subject.hyperparameters(options.hyperparameters, options.data),
        input_type=options.input_type,
        payload=payload,
        accept=options.accept,
        target_model=options.target_model,
        model=subject.tree(options.model) if options.model else None,
        timeout=options.timeout,
    )


def chosen(options: argparse.Namespace, under: subject.Subject) -> list[Check]:
    """The checks that were asked for and that what was given allows. Raises ValueError."""
    found = [one for one in CHECKS if one.needs in _kinds(options, under)]
    known = {one.row for one in CHECKS}
    for asked in [*options.row, *options.skip]:
        if not any(_matches(row, asked) for row in known):
            raise ValueError(f"no check has the row {asked}; there are {', '.join(sorted(known))}")
    if options.row:
        found = [one for one in found if any(_matches(one.row, asked) for asked in options.row)]
    return [one for one in found if not any(_matches(one.row, asked) for asked in options.skip)]


def _kinds(options: argparse.Namespace, under: subject.Subject) -> set[str]:
    """Which checks can be tried."""
    served = bool(under.channels or under.model or under.url)
    if under.protocol == subject.OIP:
        return {"oip"} if served else set()
    kinds = {"image", *_NEEDS[options.only or "both"]}
    if not under.channels:
        kinds -= {"train"}
    if not served:
        kinds -= {"serve", "models"}
    if not under.label("multi-models"):
        kinds -= {"models"}
    return kinds


def _matches(row: str, asked: str) -> bool:
    return row.lower() == asked.lower() or row.lower().startswith(asked.lower() + ".")


def carry_out_all(checks: list[Check], stage: Stage, jobs: int) -> list[Result]:
    """Every check: several at once, then one after the other those that look at times."""
    results: list[Result] = []

    def done(result: Result) -> None:
        results.append(result)
        shown = f"[{len(results)}/{len(checks)}] {result.verdict:4} {result.check.row:6} {result.check.did}"
        print(f"{shown} ({result.seconds:.1f} s)", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(max(1, jobs)) as threads:
        asked = [threads.submit(carry_out, one, stage) for one in checks if not one.alone]
        try:
            for one in as_completed(asked):
                done(one.result())
        except KeyboardInterrupt:
            _stop(stage.engine)
    for check in checks:
        if check.alone:
            done(carry_out(check, stage))
    return sorted(results, key=lambda result: order(result.check))


def _stop(engine: Engine) -> NoReturn:
    """Ends at once: the threads would wait for answers of containers that are gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine.close()
    print("conformance: stopped", file=sys.stderr, flush=True)
    os._exit(130)


def main() -> int:
    options = arguments().parse_args()
    engine = Engine(options.keep)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        under = read(options, engine)
        checks = chosen(options, under)
        if not checks:
            raise ValueError("nothing to check: give --data to train, --payload to ask, or --model to serve")
        with closing(Stage(under, engine)) as stage:
            if under.url:
                _ = stage.client  # where nobody listens, that is told in a line, not check by check
            results = carry_out_all(checks, stage, options.jobs)
    except (EngineError, ValueError, OSError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _stop(engine)
    finally:
        engine.close()
    print(report.table(results))
    print(f"\n{options.image}: {report.summary(results)}")
    if options.junit:
        report.junit(results, options.image, options.junit)
    if options.markdown:
        options.markdown.write_text(report.markdown(results) + "\n")
    return int(any(result.verdict is Verdict.FAIL for result in results))


if __name__ == "__main__":
    sys.exit(main())
