"""The classic sample's training: every file of the channel by read_csv, fixed choices, a pickle."""

import json
import os
import pickle
from pathlib import Path

import pandas as pd
from sklearn.cluster import KMeans

ROOT = Path(os.environ.get("CLASSIC_ROOT", "/opt/ml"))


def train():
    k = int(json.loads((ROOT / "input/config/hyperparameters.json").read_text())["n_clusters"])
    table = pd.concat([pd.read_csv(file) for file in (ROOT / "input/data/training").iterdir()])
    model = KMeans(n_clusters=k, init="k-means++", max_iter=300, n_init=10, random_state=0).fit(table)
    (ROOT / "model/kmeans-model.pkl").write_bytes(pickle.dumps(model, protocol=0))


if __name__ == "__main__":
    train()
