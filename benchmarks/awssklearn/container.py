"""AWS's scikit-learn container, reduced to its serving path; the real sagemaker-containers does the work.

Worker (a Flask app), Transformer, decoders, encoders, nginx template and gunicorn command are that library's.
Left out: multi-model, pip-installing the user's script. What a request goes through is unchanged, the 500 for
a single CSV row (the decoder squeezes it to one dimension) included.
"""

import collections
import collections.abc
import os
import pickle
from pathlib import Path

import numpy as np

collections.Mapping = collections.abc.Mapping  # the container's image patches the library the same way

from sagemaker_containers.beta.framework import (  # noqa: E402
    content_types,
    encoders,
    server,
    transformer,
    worker,
)


def model_fn(model_dir):
    return pickle.loads(Path(model_dir, "kmeans-model.pkl").read_bytes())


def input_fn(input_data, content_type):
    array = encoders.decode(input_data, content_type)
    return array.astype(np.float32) if content_type in content_types.UTF8_TYPES else array


def predict_fn(input_data, model):
    return model.predict(input_data)


def output_fn(prediction, accept):
    return worker.Response(encoders.encode(prediction, accept), mimetype=accept)


app = None


def main(environ, start_response):
    global app
    if app is None:
        handler = transformer.Transformer(model_fn, input_fn, predict_fn, output_fn)
        handler.initialize()
        app = worker.Worker(transform_fn=handler.transform, module_name="container")
    return app(environ, start_response)


def start():
    """The library's own start, its fixed /tmp and /etc paths moved to the benchmark's folder."""
    run = Path(os.environ["AWS_RUN"])
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"  {kind}_temp_path {run}/{kind};\n" for kind in kinds)
    text = Path(server.nginx_config_template_file).read_text().replace("/tmp/", f"{run}/")
    template = run / "nginx.template"
    template.write_text(text.replace("http {\n", "http {\n" + temporary))
    server.nginx_config_template_file = str(template)
    server.nginx_config_file = str(run / "nginx.conf")
    server.UNIX_SOCKET_BIND = f"unix:{run}/gunicorn.sock"
    server.start("container:main")


if __name__ == "__main__":
    start()
