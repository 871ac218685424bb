"""Fills cases by one method, in that method's environment: `fill.py METHOD SECONDS FOLDER CASE…`.

Each case is a folder with `masked.csv` and `case.json`; beside them it writes `METHOD.csv`, the answers, and
prints a line of JSON: CPU seconds of fitting and of filling, imports not counted. One thread.
"""

import json
import signal
import sys
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Filled = tuple[pd.DataFrame, float]  # the answers, and the CPU seconds of filling alone (NaN: not told apart)
SCIKIT = ("mean", "knn", "iterative", "missforest")


class TooLong(BaseException):
    """More CPU than allowed; not an Exception, which some of the libraries swallow."""


def scikit(name: str) -> Callable[[pd.DataFrame], Filled]:
    """scikit-learn's imputers, on scaled columns; its forests as MissForest has them."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

    forest = RandomForestRegressor(50, max_features=1 / 3, min_samples_leaf=2, random_state=0)
    imputers = {
        "mean": lambda: SimpleImputer(),
        "knn": lambda: KNNImputer(),
        "iterative": lambda: IterativeImputer(random_state=0),
        "missforest": lambda: IterativeImputer(forest, max_iter=5, random_state=0),
    }

    def numbers(table: pd.DataFrame) -> Filled:
        mean, scale = table.mean(), table.std().replace(0, 1)
        imputer = imputers[name]()
        scaled = (table - mean) / scale
        imputer.fit(scaled)
        started = time.process_time()
        filled = imputer.transform(scaled)
        return pd.DataFrame(filled, columns=table.columns) * scale + mean, time.process_time() - started

    return numbers


def ours(engine: str) -> Callable[..., Filled]:
    """The image's own engines, as its training calls them."""
    import frames
    from imputation import fitting as image
    from imputation.postprocessing import FillOptions
    from imputation.tasks import FitSettings

    settings = FitSettings(engine=engine)

    def fill(frame: pd.DataFrame, target: str = "") -> Filled:
        table = frames.tabled(frame)
        if not target:
            imputer = image.fit(table, None, settings)
            started = time.process_time()
            found = imputer.fill(table)
            seconds = time.process_time() - started
            filled = frame.astype(float)
            for name, cells in found.items():
                place = filled.columns.get_loc(name)
                filled.iloc[cells.rows, place] = frames.cells(imputer.column(name), cells.values)
            return filled, seconds
        asked = frame[target].isna().to_numpy()
        imputer = image.fit(table.take(np.flatnonzero(~asked)), [target], settings)
        started = time.process_time()
        cells = imputer.fill(table.take(np.flatnonzero(asked)), options=FillOptions(top_k=1))[target]
        seconds = time.process_time() - started
        labels = frames.cells(imputer.column(target), cells.top[:, 0])
        sure = np.ones(len(cells.rows)) if cells.probability is None else cells.probability
        return pd.DataFrame({"label": labels, "probability": sure}), seconds

    return fill


def mode(table: pd.DataFrame, target: str) -> Filled:
    """The most frequent label; as probable as it was frequent."""
    seen = table[target].dropna()
    share, count = seen.value_counts(normalize=True).iloc[0], int(table[target].isna().sum())
    return pd.DataFrame({"label": [seen.mode()[0]] * count, "probability": [share] * count}), np.nan


def linear(table: pd.DataFrame, target: str) -> Filled:
    """scikit-learn's: texts as TF-IDF of words, labels one-hot, numbers scaled; logistic regression."""
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    asked = table[target].isna()
    inputs = table.drop(columns=target)
    steps: list[tuple[Any, Any]] = []
    for name in inputs:
        if inputs[name].dtype != object:
            steps.append((make_pipeline(SimpleImputer(), StandardScaler()), [name]))
        elif inputs[name].str.len().median() <= 30:
            steps.append((OneHotEncoder(handle_unknown="ignore"), [name]))
        else:
            steps.append((TfidfVectorizer(sublinear_tf=True, min_df=2), name))
    texts = [name for name in inputs if inputs[name].dtype == object]
    inputs = inputs.assign(**{name: inputs[name].fillna("") for name in texts})
    model = make_pipeline(make_column_transformer(*steps), LogisticRegression(C=20, max_iter=1000))
    model.fit(inputs[~asked], table.loc[~asked, target])
    started = time.process_time()
    chances = model.predict_proba(inputs[asked])
    seconds = time.process_time() - started
    labels = model.classes_[chances.argmax(1)]
    return pd.DataFrame({"label": labels, "probability": chances.max(1)}), seconds


def miceforest(table: pd.DataFrame) -> Filled:
    """Chained LightGBM; its predictions rather than draws near to them, which would cost it accuracy."""
    import miceforest

    kernel = miceforest.ImputationKernel(table, num_datasets=1, mean_match_candidates=0, random_state=0)
    kernel.mice(5, verbose=False, num_threads=1)
    return kernel.complete_data(0), np.nan


def hyperimpute(table: pd.DataFrame) -> Filled:
    """As it is set by default. Of torch that needs a seed and to hear that there is no GPU."""
    torch = types.ModuleType("torch")
    torch.manual_seed = lambda seed: None  # type: ignore[attr-defined]
    torch.cuda = types.SimpleNamespace(is_available=lambda: False)  # type: ignore[attr-defined]
    torch.Tensor = object  # type: ignore[attr-defined]
    sys.modules.setdefault("torch", torch)
    from hyperimpute.plugins.imputers.plugin_hyperimpute import HyperImputePlugin

    filled = np.asarray(HyperImputePlugin(random_state=0).fit_transform(table.copy()))
    return pd.DataFrame(filled, columns=table.columns), np.nan


def method(name: str) -> Callable[..., Filled]:
    if name in SCIKIT:
        return scikit(name)
    if name in ("ours", "datawig"):
        return ours({"ours": "auto"}.get(name, name))
    known: dict[str, Callable[..., Filled]] = {
        "mode": mode, "linear": linear, "miceforest": miceforest, "hyperimpute": hyperimpute
    }  # fmt: skip
    return known[name]


def warmed(name: str, fill: Callable[..., Filled]) -> None:
    """A table of nothing much, so that what is imported at the first call is not counted."""
    small = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7, "c": np.arange(40.0) % 5})
    small.loc[::5, "a"] = np.nan
    words = pd.DataFrame({"t": [f"word{k % 3} of {k}" for k in range(60)], "y": ["u", "v", None] * 20})
    fill(words, "y") if name in ("mode", "linear") else fill(small)


def read(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    facts = json.loads((folder / "case.json").read_text())
    kinds = {place: (float if kind == "number" else str) for place, kind in facts["kinds"].items()}
    table = pd.read_csv(
        folder / "masked.csv",
        dtype=kinds,
        keep_default_na=False,
        na_values=[""],
        float_precision="round_trip",
    )
    return table, facts


def main() -> None:
    name, seconds, root = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    warnings.simplefilter("ignore")

    def spent(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, spent)
    fill = method(name)
    warmed(name, fill)
    for case in sys.argv[4:]:
        table, facts = read(root / case)
        told: dict[str, Any] = {"case": case}
        signal.setitimer(signal.ITIMER_PROF, seconds)
        started = time.process_time()
        try:
            filled, filling = fill(table, facts["target"]) if facts["target"] else fill(table)
            told |= {"cpu_s": time.process_time() - started, "filling_s": filling}
            filled.to_csv(root / case / f"{name}.csv", index=False)
        except TooLong:
            told |= {"failed": f"over {seconds:.0f} CPU s"}
        except Exception as error:
            told |= {"failed": f"{type(error).__name__}: {error}"[:200]}
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        print("told", json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
