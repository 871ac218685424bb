"""A page on this machine to play with a model: tables in, answers out, as a table and as a picture.

Runs in the image's own environment. Where nothing is trained yet, the sample is. The page talks to the same
/invocations as every client; nothing of it is in an image.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from .. import ROOT, process
from ..runs import Run, RunError
from .page import Page, PlayServer

PORT = 8080


def play(run: Run, port: int) -> None:
    """Serves the model and the page until Ctrl-C; raises RunError where that cannot be."""
    try:
        run.check_trained()
    except RunError:
        print(f"Nothing is trained yet: training {run.name} on its sample …", flush=True)
        run.lay_out(None, None)
        run.train()
    try:
        server = PlayServer(port)
    except OverflowError:
        raise RunError(f"PORT: expected 0 to 65535, got {port}") from None
    except OSError as error:
        raise RunError(
            f"port {port} cannot be opened ({error.strerror}); choose another with PORT="
        ) from None
    with server, run.served(lambda text: print(text.strip(), flush=True)) as model:
        server.page = Page(run, model)
        print(f"\nhttp://localhost:{server.server_port}  (open it in a browser; until Ctrl-C)", flush=True)
        server.serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(description="Open a page to play with a model.")
    parser.add_argument("--image", required=True)
    parser.add_argument("--port", type=int, default=PORT, help="of the page; 0 takes a free one")
    parser.add_argument("--root", type=Path, help="the tree like /opt/ml, else that of `make train`")
    options = parser.parse_args()
    process.end_on_signals()
    try:
        play(Run(ROOT / "images" / options.image, options.root), options.port)
    except (RunError, ValueError, OSError, subprocess.SubprocessError) as error:
        print(f"play: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
