"""The classic sample's `serve`: nginx in front of gunicorn's gevent workers, both children of this process.

Changed from the sample: paths, port and log files are the benchmark's own, and without an nginx on the
machine gunicorn takes the port itself (then no stack has one).
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def start_server():
    run, port = Path(os.environ["CLASSIC_RUN"]), os.environ["SAGEMAKER_BIND_TO_PORT"]
    workers = os.environ.get("MODEL_SERVER_WORKERS", str(os.cpu_count()))
    children = []
    bind = f"0.0.0.0:{port}"
    if shutil.which("nginx"):
        bind = f"unix:{run}/gunicorn.sock"
        text = (HERE / "nginx.conf").read_text().replace("%RUN%", str(run)).replace("%PORT%", port)
        (run / "nginx.conf").write_text(text)
        children.append(subprocess.Popen(["nginx", "-e", "stderr", "-c", run / "nginx.conf"]))
    timeout = os.environ.get("MODEL_SERVER_TIMEOUT", "60")
    gunicorn = [sys.executable, "-m", "gunicorn", "--timeout", timeout, "-k", "gevent"]
    children.append(subprocess.Popen([*gunicorn, "-b", bind, "-w", workers, "predictor:app"], cwd=HERE))

    def stop(*_):
        for child, signum in zip(reversed(children), (signal.SIGTERM, signal.SIGQUIT), strict=False):
            child.send_signal(signum)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    pids = {child.pid for child in children}
    while os.wait()[0] not in pids:
        pass
    stop()


if __name__ == "__main__":
    start_server()
