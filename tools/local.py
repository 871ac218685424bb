"""Train, serve and ask an image on this machine, without Docker: what `make demo|train|serve|predict` run.

Runs in the image's own environment and writes only into .slipway/runs/<image>/, a tree like /opt/ml.
"""

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

from . import ROOT, demo, process
from .client import ask
from .runs import Run, RunError, guess

PORT = 8080


def train(run: Run, options: argparse.Namespace) -> int:
    run.lay_out(options.data, options.hyperparameters, options.type or "")
    run.train()
    print(f"\nmodel:  {run.paths.model}\nreport: {run.report}  (open it in a browser)")
    print(f"next:   make serve IMG={run.name}")
    return 0


def serve(run: Run, options: argparse.Namespace) -> int:
    run.check_trained()
    port = options.port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OverflowError:
            raise RunError(f"PORT: expected 1 to 65535, got {port}") from None
        except OSError as error:
            hint = _make("serve", run, port + 1 if port < 65535 else PORT)
            raise RunError(
                f"port {port} cannot be opened ({error.strerror}); choose another: {hint}"
            ) from None
    print(
        f"http://localhost:{port}, until Ctrl-C; in another terminal: {_make('predict', run, port)}",
        flush=True,
    )
    command, environ = run.command("serve", SAGEMAKER_BIND_TO_PORT=str(port))
    os.execve(command[0], command, environ)


def predict(run: Run, options: argparse.Namespace) -> int:
    path = options.file or run.sample / "request.csv"
    if not path.is_file():
        raise RunError(f"FILE: there is no file {path}")
    media_type = options.type or guess(path)
    # A terminal shows text; the formats of bytes are asked to answer in CSV.
    accept = "" if media_type.startswith(("text/", "application/json")) else "text/csv"
    try:
        answer = ask(options.port, path.read_bytes(), media_type, accept)
    except ConnectionError:
        hint = _make("serve", run, options.port)
        raise RunError(f"nothing listens on port {options.port}; start it with: {hint}") from None
    if answer.status == 204:
        raise RunError(f"{path} holds no rows")
    if not answer.ok:
        raise RunError(f"{answer.status}: {answer.reason}")
    sys.stdout.write(answer.text)
    return 0


def _make(verb: str, run: Run, port: int) -> str:
    return f"make {verb} IMG={run.name}" + ("" if port == PORT else f" PORT={port}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train, serve and ask an image on this machine, without Docker."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in (demo.demo, train, serve, predict):
        one = verbs.add_parser(verb.__name__)
        one.set_defaults(run=verb)
        one.add_argument("--image", required=True)
        if verb is train:
            one.add_argument(
                "--data", type=Path, help="a folder of channels, or what the first channel holds"
            )
            one.add_argument("--hyperparameters", type=Path, help="a JSON file")
            one.add_argument("--type", help="media type of the data; by each file's ending unless given")
        if verb is predict:
            one.add_argument("--file", type=Path, help="the sample's request.csv unless given")
            one.add_argument("--type", help="its media type; guessed from the file's ending unless given")
        if verb in (serve, predict):
            one.add_argument("--port", type=int, default=PORT)
    options = parser.parse_args()
    process.end_on_signals()
    try:
        code: int = options.run(Run(ROOT / "images" / options.image), options)
        return code
    except (RunError, ValueError, OSError, subprocess.SubprocessError) as error:
        print(f"{options.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
