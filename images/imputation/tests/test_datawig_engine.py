"""What the DataWig engine promises of learning and of its models."""

import json

import numpy as np
import pandas as pd
import pytest
from imputation.datawig import engine, network
from imputation.datawig.column import DataWigColumn
from imputation.datawig.compat import datawig, mx
from imputation.datawig.engine import fit
from imputation.datawig.parts import TextPart
from imputation.tests.products import NAMES, NEW, TRAIN, products, same


def test_it_learns_the_kind_of_goods(kind):
    assert (kind.predict(NEW).labels[:, 0] == NEW["kind"]).mean() > 0.95


def test_a_numeric_label_is_a_regression(price):
    filled = price.predict(NEW)
    assert filled.labels is None
    assert filled.values.dtype == float
    assert np.mean((filled.values - NEW["price"]) ** 2) < 0.2 * NEW["price"].var()


def test_a_saved_column_answers_exactly_as_the_one_in_memory(kind, price, tmp_path):
    for column in (kind, price):
        column.save(tmp_path / column.label_column)
        loaded = DataWigColumn.load(tmp_path / column.label_column)
        explain = column.labels is not None
        assert same(column.predict(NEW, 3, explain), loaded.predict(NEW, 3, explain))


def test_saving_what_was_loaded_gives_the_same_model_files(kind, tmp_path):
    kind.save(tmp_path / "one")
    DataWigColumn.load(tmp_path / "one").save(tmp_path / "two")
    assert (tmp_path / "one/datawig.json").read_bytes() == (tmp_path / "two/datawig.json").read_bytes()


def test_no_file_of_a_model_is_a_pickle(kind, tmp_path):
    kind.save(tmp_path)
    files = {"datawig.json", "datawig.npz", "fit-test-metrics.json", "hpo_results.csv"}
    assert {file.name for file in tmp_path.iterdir()} == files
    np.load(tmp_path / "datawig.npz", allow_pickle=False)["bias"]


def test_a_row_is_answered_alike_alone_and_among_others(kind, price):
    for column in (kind, price):
        whole = column.predict(NEW, explain=column.labels is not None)
        for row in range(5):
            alone = column.predict(NEW.iloc[[row]], explain=column.labels is not None)
            for name in ("labels", "probabilities", "values"):
                if getattr(whole, name) is not None:
                    assert np.array_equal(getattr(alone, name)[0], getattr(whole, name)[row])
            assert alone.explanations is None or alone.explanations[0] == whole.explanations[row]


def test_the_plain_arrays_answer_as_the_network_of_datawig(tmp_path):
    """The same weights in mxnet: datawig's Imputer, its own fit and its own predict."""
    imputer = datawig.SimpleImputer(["text"], "target", str(tmp_path), is_explainable=True, tokens="words")
    frame = pd.DataFrame({"text": TRAIN["name"], "target": TRAIN["kind"]})
    imputer.fit(frame, num_epochs=5, calibrate=False)
    inner = imputer.imputer
    weights = {name: array.asnumpy() for name, array in inner.module.get_params()[0].items()}
    encoder = inner.data_encoders[0]
    terms = [encoder.idx_to_token[i] for i in range(len(encoder.idx_to_token))]
    weight, none = weights["label_target_weight"].T.copy(), np.empty((len(terms), 0))
    part = TextPart("words", terms, encoder.vectorizer.idf_, weight, none)
    labels = list(inner.label_encoders[0].token_to_idx)
    column = DataWigColumn("target", {"text": "text"}, labels, [part], None, weights["label_target_bias"])
    theirs = imputer.imputer.predict_proba(frame)["target"][:, 1:]
    assert np.allclose(
        column.probabilities(column.encode(frame)), theirs / theirs.sum(axis=1, keepdims=True), atol=1e-6
    )


def test_training_goes_as_in_datawigs_joined_network(monkeypatch):
    """The same weights in datawig's own module, which joins the features in one dense row."""
    found: list[float] = []
    real = network._module

    def both(rows, encoders, featurizers, label):
        ours = real(rows, encoders, featurizers, label)
        theirs = datawig.imputer._MXNetModule([mx.cpu()], [label], featurizers, [])(rows)
        for module in (ours, theirs):
            module.init_params(mx.init.Xavier(factor_type="in", magnitude=2.34))
        weights = {name: array.asnumpy() for name, array in ours.get_params()[0].items()}
        joined = theirs.get_params()[0]
        outs = [weights[f"{name}_out"] for name in ("words", "chars", "numbers")]
        spread = [np.concatenate(outs).std(), joined["label_target_weight"].asnumpy().std()]
        assert spread[0] == pytest.approx(spread[1], rel=0.1)
        joined |= {"label_target_weight": mx.nd.array(np.concatenate(outs).T)}
        hidden = {name[-6:]: name for name in weights if name.startswith("numbers_fully")}
        joined |= {
            name: mx.nd.array(weights[hidden[name[-6:]]]) for name in joined if "numbers_fully" in name
        }
        theirs.set_params(joined, {})
        for module in (ours, theirs):
            loss = datawig.utils.MeanSymbol("loss")
            module.fit(rows, None, loss, num_epoch=6, optimizer="adam", optimizer_params=network.OPTIMIZER)
            rows.reset()
            found.append(module.score(rows, loss)[0][1])
            rows.reset()
        return ours

    monkeypatch.setattr(network, "_module", both)
    fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=1, batch_size=8)
    assert found[0] == pytest.approx(found[1], rel=1e-4)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(kind):
    again = fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=30)
    other = fit(TRAIN, ["name", "color", "price"], "kind", num_epochs=30, seed=5)
    assert same(kind.predict(NEW), again.predict(NEW))
    assert not np.array_equal(kind.predict(NEW).probabilities, other.predict(NEW).probabilities)


def test_rows_without_a_label_are_never_a_class():
    for empty in (None, np.nan, pd.NA, ""):
        table = TRAIN.assign(kind=[empty if i % 3 == 0 else k for i, k in enumerate(TRAIN["kind"])])
        column = fit(table, ["name"], "kind", num_epochs=3)
        assert sorted(column.labels) == sorted(NAMES)
        assert set(column.predict(table, 9).labels.ravel()) == set(NAMES)


def test_a_missing_feature_is_empty_and_never_the_token_nan():
    for missing in (None, np.nan, pd.NA, pd.NaT):
        table = TRAIN.assign(color=[missing if i % 2 else c for i, c in enumerate(TRAIN["color"])])
        column = fit(table, ["name", "color"], "kind", num_epochs=2)
        terms = {term for part in column.text for term in part.terms}
        assert not {"nan", "none", "<na>", "nat"} & {term.strip() for term in terms}


def test_missing_and_infinite_numbers_are_filled(kind):
    gaps = NEW.assign(price=[np.nan, np.inf, None, "no number", *NEW["price"][4:]])
    assert np.isfinite(kind.predict(gaps).probabilities).all()
    assert (
        len(fit(TRAIN.assign(price=np.nan), ["name", "price"], "kind", num_epochs=2).predict(gaps).labels)
        == 40
    )


def test_num_epochs_and_batch_size_mean_what_they_say(monkeypatch):
    seen, real = [], datawig.iterators.ImputerIterDf.__init__
    monkeypatch.setattr(datawig.iterators.ImputerIterDf, "__init__", lambda *a: seen.append(a[4]) or real(*a))
    epochs = []
    fit(
        TRAIN,
        ["name"],
        "kind",
        num_epochs=4,
        batch_size=7,
        on_metric=lambda *told: epochs.append((told[0], told[3])),
    )
    assert seen == [7, 7]
    assert [e for n, e in epochs if n == "validation_loss"] == [0, 1, 2, 3]
    fit(TRAIN, ["name"], "kind", num_epochs=1, batch_size=128)
    assert seen[2:] == [48, 48], "no batch is larger than the rows: copies would fill it"


def test_the_search_tries_each_different_setting_once_and_tells_of_all():
    column = fit(TRAIN, ["name", "color"], "kind", num_epochs=3, hpo=True)
    trials = column.report.trials
    assert trials["_concat:max_tokens"].tolist() == [2**15], "60 short rows have fewer terms than 4,096"
    expected = {
        "precision_weighted",
        "precision_weighted_train",
        "coverage_at_90_train",
        "empirical_precision_at_90",
    }
    expected |= {
        "f1_micro",
        "f1_macro",
        "f1_weighted",
        "f1_weighted_train",
        "recall_weighted",
        "recall_weighted_train",
    }
    assert expected | {"coverage_at_90", "ece_pre_calibration", "ece_post_calibration", "time [min]"} <= set(
        trials
    )


def test_datawigs_own_search_runs_too(tmp_path):
    """Its metrics need a mend inside a search that needs the same mend."""
    frame = TRAIN[["name", "kind"]].copy()
    imputer = datawig.SimpleImputer(["name"], "kind", str(tmp_path / "model"))
    imputer.fit_hpo(frame, num_evals=1, num_epochs=1, num_hash_bucket_candidates=[64])
    assert len(imputer.hpo.results) == 1
    assert not hasattr(pd.Series, "iteritems")


def test_the_search_is_bounded_by_count_and_time(monkeypatch):

    monkeypatch.setattr(engine, "MAX_TOKENS", [50, 60, 70, 80])
    assert len(fit(TRAIN, ["name"], "kind", num_epochs=1, hpo=True).report.trials) == 4
    assert len(fit(TRAIN, ["name"], "kind", num_epochs=1, hpo=2).report.trials) == 2
    assert len(fit(TRAIN, ["name"], "kind", num_epochs=1, hpo=True, hpo_time_limit_s=0).report.trials) == 1


def test_rows_that_say_when_to_stop_neither_calibrate_nor_judge(monkeypatch):
    labels = np.array(["a", "b"] * 100, dtype=object)
    parts = engine._split(labels, 0)
    assert sorted(np.concatenate(parts)) == list(range(200))
    assert [len(part) for part in parts] == [160, 20, 20]
    watched = []
    real = network.train
    monkeypatch.setattr(
        network,
        "train",
        lambda learned, held_out, *a: watched.append(held_out.text) or real(learned, held_out, *a),
    )
    table = products(200).reset_index(drop=True)
    table["name"] = [f"{name} row{row}" for row, name in enumerate(table["name"])]
    judged = fit(table, ["name"], "kind", num_epochs=2).report.held_out.index
    assert not set(watched[0]) & set(table["name"][judged])


def test_precision_is_precision():
    from sklearn.metrics import precision_score

    table = TRAIN.assign(
        kind=TRAIN["kind"].sample(frac=1, random_state=0).to_numpy()
    )  # labels by chance: errors
    report = fit(table, ["name"], "kind", num_epochs=3).report
    true, predicted = report.held_out["true"], report.held_out["predicted"]
    expected = precision_score(true, predicted, average="weighted", zero_division=0.0)
    assert report.trials["precision_weighted"][0] == expected == report.metrics["weighted_precision"]
    assert report.trials["f1_weighted"][0] != expected


def test_the_metrics_are_those_of_datawig_and_plain_json(kind):
    assert {
        "avg_precision",
        "weighted_f1",
        "class_counts",
        "confusion_matrix",
        "precision_recall_curves",
    } <= set(kind.report.metrics)
    json.dumps(kind.report.metrics)
