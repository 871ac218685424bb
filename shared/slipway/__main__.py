"""The verbs of every container: `train`, `serve`, `describe`; `auto` picks one for clients that name none.

Other words are a command to run, as with an image without an entry point: the SageMaker SDK's local mode runs
`docker run IMAGE chmod …` to own the files that a job has left.
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slipway import docstrings, failure, stopping
from slipway.errors import UserError, shown
from slipway.log import configure, log
from slipway.training import guard

if TYPE_CHECKING:
    from slipway.settings import Settings


def main(arguments: list[str]) -> int:
    """Runs one verb; returns the exit code."""
    if arguments[:1] in (["serve"], ["train"]):
        docstrings.leave_out()
    from slipway.settings import Settings  # not before `stopping` heeds, as its libraries take their time

    try:
        if arguments[:1] == ["serve"]:
            os.environ |= _variables(arguments[1:])  # the environment, as workers read it, too
        settings = Settings.read()
    except UserError as error:
        log("start", str(error))
        if arguments[:1] != ["serve"]:  # only a training job's is ever read
            failure.write(Settings.read_root().paths, f"UserError: {error}")
        return 2
    # The SDK's version 3 starts training containers with no argument at all, hence auto.
    verb = arguments[0] if arguments else "auto"
    if verb == "auto":
        verb = "train" if settings.training_job_name else "serve"
    if verb not in _VERBS:
        if not settings.training_job_name and shutil.which(verb):
            os.execvp(verb, arguments)
        cause = f"expected {', '.join(_VERBS)}, auto or a command, got {verb!r}"
        log("start", cause)
        if settings.training_job_name:  # whose arguments may be anything: they take the place of `train`
            failure.write(settings.paths, f"UserError: {cause}")
        return 2
    configure(settings.serving_log if verb == "serve" else settings.log_format or "text")
    return _VERBS[verb](settings)


def _variables(arguments: Sequence[str]) -> dict[str, str]:
    """What KServe's arguments say, `--name value` or `--name=value`, as environment variables."""
    found, left = {}, list(arguments)
    while left:
        name, equals, value = left.pop(0).partition("=")
        variable = _ARGUMENTS.get(name.replace("-", "_").replace("__", "--", 1))
        if variable is None:
            raise UserError(f"serve: expected {', '.join(_ARGUMENTS)}; got {shown(name)}")
        if not equals:
            if not left:
                raise UserError(f"serve: {name} needs a value")
            value = left.pop(0)
        found[variable] = value
    return found


_ARGUMENTS = {
    "--model_name": "SLIPWAY_MODEL_NAME",
    "--model_dir": "SLIPWAY_MODEL_DIR",
    "--http_port": "SAGEMAKER_BIND_TO_PORT",
}


def _train(settings: "Settings") -> int:
    from slipway.training.run import train

    return train(settings)


def _serve(settings: "Settings") -> int:
    from slipway.serving.supervisor import serve

    return serve(settings)


def _describe(settings: "Settings") -> int:
    from slipway.describe import describe

    print(describe(settings), end="")
    return 0


_VERBS: dict[str, "Callable[[Settings], int]"] = {"train": _train, "serve": _serve, "describe": _describe}


def _run(arguments: list[str]) -> int:
    """As `main`, with signals handled from the first moment of a job to the last of any process."""
    if arguments[:1] == ["train"] or (
        os.environ.get("TRAINING_JOB_NAME") and arguments[:1] not in (["serve"], ["describe"])
    ):
        stopping.heed()
        guard.watched()
    try:
        return main(arguments)
    finally:
        stopping.ignore()


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
