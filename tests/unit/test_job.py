"""What `fit` is given: metrics that are printed, and the wish to come to an end."""

import os
import signal

import numpy as np
import pytest

from slipway.image import Image, MetricFacts
from slipway.paths import Paths
from slipway.training.job import Job


@pytest.fixture
def job(folder, root):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    facts = MetricFacts(description="x", direction="Minimize")
    image = Image.read(folder).model_copy(update={"metrics": {"loss": facts, "test:msd": facts}})
    yield Job(image, Paths(root))
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


@pytest.mark.contract("A8.1", "A8.2")
def test_a_metric_is_one_line_without_tabs(job, capsys):
    job.log_metrics(loss=0.1, **{"test:msd": np.float32(2.5)})
    job.log_metrics(loss=1e-7)
    assert capsys.readouterr().out == "metric loss=0.1;\nmetric test:msd=2.5;\nmetric loss=1e-07;\n"
    assert job.metrics == {"loss": 1e-7, "test:msd": 2.5}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.nan])
@pytest.mark.contract("A8.7")
def test_what_is_not_finite_is_never_a_metric(job, capsys, value):
    job.log_metrics(loss=value)
    out, err = capsys.readouterr()
    assert (out, job.metrics) == ("", {})
    assert "metric loss could not be computed" in err


def test_a_metric_that_the_image_does_not_declare_is_refused(job):
    with pytest.raises(ValueError, match=r"metric lost is not declared in image\.toml"):
        job.log_metrics(lost=1.0)


def test_a_metric_that_fits_a_declared_pattern_is_printed(folder, tmp_path, capsys):
    with (folder / "image.toml").open("a") as facts:
        facts.write('[metrics."lift@*"]\ndescription = "x"\ndirection = "Maximize"\n')
    Job(Image.read(folder), Paths(tmp_path)).log_metrics(**{"lift@2.5": 3.0})
    assert capsys.readouterr().out == "metric lift@2.5=3;\n"


@pytest.mark.contract("A8.2")
def test_progress_is_a_line_on_the_log(job, capsys):
    job.progress("half way")
    assert capsys.readouterr().err == "slipway train: half way\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.contract("A1.8", "A1.9")
def test_a_signal_asks_the_job_to_end(job, capsys, number):
    job.stop_on_signals()
    assert not job.should_stop()
    os.kill(os.getpid(), number)
    assert job.should_stop()
    assert f"{number.name} received" in capsys.readouterr().err


@pytest.mark.contract("A2.10")
def test_a_file_beside_the_model_goes_where_the_platform_packs_it(job, root):
    """What lies elsewhere under output is lost."""
    (job.output / "scores.csv").write_text("1\n")
    assert (root / "output/data/scores.csv").read_text() == "1\n"
