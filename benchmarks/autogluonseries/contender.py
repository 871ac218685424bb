"""AutoGluon-TimeSeries on one set of series, in an environment of its own; benchmarks/forecast.py starts it.

    python contender.py in.npz out.npz SECONDS

in.npz has the series one after the other (`values`, `ends`), `freq`, `season`, `horizon` and `levels`.
out.npz gets `means`, `quantiles` and `cpu_s`, the CPU time without imports. The preset is `medium_quality`
without Chronos and Toto, whose weights would have to be downloaded: seasonal naive, ETS, Theta, and LightGBM
in two ways, put together by a greedy ensemble on a held-out window.
"""

import os
import sys
import tempfile
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def main(source: str, target: str, seconds: str) -> None:
    import pandas as pd
    from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

    given = np.load(source)
    values, ends, horizon = given["values"], given["ends"], int(given["horizon"])
    freq, levels = str(given["freq"]), given["levels"].tolist()
    parts = np.split(values, ends[:-1])
    began = sum(os.times()[:4])
    frame = pd.concat(
        pd.DataFrame(
            {
                "item_id": f"{place:06}",
                "timestamp": pd.date_range(
                    "1900-01-01" if freq != "h" else "2000-01-01", periods=len(y), freq=freq
                ),
                "target": y,
            }
        )
        for place, y in enumerate(parts)
    )
    table = TimeSeriesDataFrame.from_data_frame(frame)
    with tempfile.TemporaryDirectory() as folder:
        predictor = TimeSeriesPredictor(
            prediction_length=horizon,
            freq=freq,
            eval_metric="MASE",
            eval_metric_seasonal_period=int(given["season"]),
            quantile_levels=levels,
            path=folder,
            verbosity=0,
        )
        predictor.fit(
            table,
            presets="medium_quality",
            time_limit=int(seconds),
            excluded_model_types=["Chronos2", "Toto2"],
            random_seed=0,
        )
        found = predictor.predict(table, random_seed=0)
    spent = sum(os.times()[:4]) - began
    shape = (len(parts), horizon)
    means = found["mean"].to_numpy().reshape(shape)
    columns = [found[str(level)].to_numpy().reshape(shape) for level in levels]
    np.savez(target, means=means, quantiles=np.stack(columns, axis=-1), cpu_s=spent)


if __name__ == "__main__":
    main(*sys.argv[1:])
