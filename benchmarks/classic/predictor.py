"""The classic sample's scoring app: Flask, pandas in, a pickled scikit-learn KMeans, pandas out.

Its defects are kept, because they are what is measured or what a caller met:
- the first line is always taken for a header, so a body without one silently loses its first record;
- the content type is compared as text: "text/csv; charset=utf-8" gets 415; Accept is ignored;
- the model is unpickled by whichever request comes first in each worker;
- columns are neither counted nor named in an error: whatever is wrong with a body, the answer is an HTML 500.
"""

import os
import pickle
from io import StringIO
from pathlib import Path

import flask
import pandas as pd

MODEL_PATH = Path(os.environ.get("CLASSIC_ROOT", "/opt/ml"), "model")


class ScoringService:
    model = None

    @classmethod
    def get_model(cls):
        if cls.model is None:
            with (MODEL_PATH / "kmeans-model.pkl").open("rb") as file:
                cls.model = pickle.load(file)
        return cls.model

    @classmethod
    def predict(cls, data):
        return cls.get_model().predict(data)


app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping():
    status = 200 if ScoringService.get_model() is not None else 404
    return flask.Response(response="\n", status=status, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def transformation():
    if flask.request.content_type != "text/csv":
        return flask.Response("This predictor only supports CSV data", status=415, mimetype="text/plain")
    data = pd.read_csv(StringIO(flask.request.data.decode("utf-8")))
    print(f"Invoked with {data.shape[0]} records")
    predictions = ScoringService.predict(data)
    out = StringIO()
    pd.DataFrame({"results": predictions}).to_csv(out, header=False, index=False)
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")
