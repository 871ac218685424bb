"""What a script for AWS's container leaves behind: a KMeans, fitted on float32 as requests will be."""

import os
import pickle
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans

root = Path(os.environ["SAGEMAKER_BASE_DIR"])
table = np.loadtxt(root / "input/data/training/train.csv", np.float32, delimiter=",", skiprows=1)
model = KMeans(n_clusters=10, n_init=10, random_state=0).fit(table)
(root / "model/kmeans-model.pkl").write_bytes(pickle.dumps(model))
