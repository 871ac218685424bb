"""scikit-learn's KMeans on the same rows, saved as MLServer's runtime loads it, with its settings."""

import json
import os
from pathlib import Path

import joblib
import numpy as np
from sklearn.cluster import KMeans

root = Path(os.environ["MLSERVER_ROOT"])
rows = np.loadtxt(root / "input/data/training/train.csv", delimiter=",", skiprows=1)
model = KMeans(n_clusters=10, n_init=3, random_state=0).fit(rows)
joblib.dump(model, root / "model/model.joblib")
settings = {
    "name": "kmeans",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": "./model.joblib"},
}
(root / "model/model-settings.json").write_text(json.dumps(settings))
