"""An interrupted job goes on with the columns that it had not finished."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imputation import fitting, tasks
from imputation.checkpoint import ColumnCheckpoint
from imputation.models import all_columns, column_fit
from imputation.tests.test_frames import fill, tabled

from slipway import Job
from slipway.image import Image
from slipway.paths import Paths

IMAGE = Image.read(Path(__file__).parents[1])


@pytest.mark.contract("A2.12", "A9.1")
def test_an_interrupted_job_goes_on_with_the_next_column(
    gappy: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is finished is learnt once, and the result is that of a job left alone."""
    settings, table = tasks.FitSettings(preset="fast"), tabled(gappy)
    names = ["price", "kind", "sold"]
    whole = fitting.fit(table, names, settings)
    (tmp_path / "checkpoints").mkdir()
    job = Job(IMAGE, Paths(tmp_path))
    learnt: list[int] = []
    original = column_fit.fit_column

    def counted(*given: object) -> object:
        learnt.append(1)
        return original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(all_columns, "fit_column", counted)
    with monkeypatch.context() as once:
        once.setattr(Job, "should_stop", lambda self: len(learnt) > 1)
        broken = fitting.fit(
            table, names, settings, should_stop=job.should_stop, checkpoint=ColumnCheckpoint(job, table)
        )
    assert list(broken.quality) == names, "a job that is stopped has a usable model"
    learnt.clear()
    again = fitting.fit(
        table, names, settings, checkpoint=ColumnCheckpoint(Job(IMAGE, Paths(tmp_path)), table)
    )
    assert len(learnt) == 2, "the first column was finished, the second was cut short by the stop"
    pd.testing.assert_frame_equal(fill(again, gappy).table, fill(whole, gappy).table)
    for name in names:
        sure = [fill(fitted, gappy).cells[name].probability for fitted in (again, whole)]
        assert np.array_equal(*sure), name
        assert again.quality[name]["score"] == whole.quality[name]["score"]
    learnt.clear()
    fitting.fit(
        table,
        names,
        settings,
        checkpoint=ColumnCheckpoint(Job(IMAGE, Paths(tmp_path)), table.take(np.arange(1, 400))),
    )
    assert len(learnt) == 3, "the columns of another table are nobody's"
