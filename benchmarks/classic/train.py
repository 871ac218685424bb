"""The classic sample's training: every file of the channel by read_csv, fixed choices, a pickle.

Its way to fail is the sample's, too: the message and the whole traceback in the failure file, exit code 255.
"""

import json
import os
import pickle
import sys
import traceback
from pathlib import Path

import pandas as pd
from sklearn.cluster import KMeans

ROOT = Path(os.environ.get("CLASSIC_ROOT", "/opt/ml"))


def train():
    try:
        k = int(json.loads((ROOT / "input/config/hyperparameters.json").read_text())["n_clusters"])
        files = list((ROOT / "input/data/training").iterdir())
        if not files:
            raise ValueError("There are no files in the channel (training).")
        table = pd.concat([pd.read_csv(file) for file in files])
        model = KMeans(n_clusters=k, init="k-means++", max_iter=300, n_init=10, random_state=0).fit(table)
        (ROOT / "model/kmeans-model.pkl").write_bytes(pickle.dumps(model, protocol=0))
    except Exception as error:
        told = f"Exception during training: {error}\n{traceback.format_exc()}"
        (ROOT / "output/failure").write_text(told)
        print(told, file=sys.stderr)
        sys.exit(255)


if __name__ == "__main__":
    train()
