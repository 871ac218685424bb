"""How well cases were filled, and the tables that say so."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cases import Case
from imputation.evaluation.scores import ece, f1, nrmse

CLOCK = 0.001  # CPU seconds of filling below which a speed means nothing
ORDER = (
    "ours", "datawig", "hyperimpute", "miceforest", "missforest", "knn", "iterative", "linear", "mean", "mode"
)  # fmt: skip


def scored(case: Case, answers: Path, told: dict[str, Any]) -> dict[str, Any]:
    """NRMSE (mean over the columns with hidden cells), or F1, ECE and accuracy; and the CPU seconds."""
    if "failed" in told:
        return {"failed": told["failed"]}
    entry = {"cpu_s": round(told["cpu_s"], 3)}
    if told["filling_s"] > CLOCK:  # nor is it NaN
        entry["rows_per_s"] = round(int(case.hidden.any(1).sum()) / max(told["filling_s"], 1e-9), 1)
    filled = pd.read_csv(answers, keep_default_na=not case.target)
    if case.target:
        truth = case.table.loc[case.hidden.any(1), case.target].astype(str).to_numpy()
        guess = filled["label"].astype(str).to_numpy()
        codes = pd.factorize(np.concatenate([truth, guess]))[0]
        right = truth == guess
        return entry | {
            "f1": f1(codes[: len(truth)], codes[len(truth) :]),
            "ece": ece(right, filled["probability"].to_numpy(float)),
            "right": float(right.mean()),
        }
    errors = []
    for name, own in zip(case.table, case.hidden.T, strict=True):
        values = filled[name].to_numpy(float)[own]
        if not np.isfinite(values).all():
            return {"failed": f"left cells of {name} empty"}
        if len(values) > 1:
            errors.append(nrmse(case.table[name].to_numpy()[own], values))
    return entry | {"nrmse": float(np.mean(errors))}


def line(entry: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in entry.items()
    )


def text(results: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    cells = [
        {"case": case, "table": case.split()[0], "method": method} | entry
        for case, found in results["cases"].items()
        for method, entry in found.items()
    ]
    table = pd.DataFrame(cells)
    parts = []
    if "nrmse" in table:
        parts += [numbers(table[~table["table"].str.endswith("*")])]
    if "f1" in table:
        parts += labels(table[table["table"].str.endswith("*")])
    return "\n\n".join(parts)


def numbers(table: pd.DataFrame) -> str:
    """Ranks are among the methods that filled every case; another's are told for its own cases."""
    wide = table.pivot_table(index="case", columns="method", values="nrmse", dropna=False)
    wide = wide[[name for name in ORDER if name in wide]]
    all_of = [name for name in wide if wide[name].notna().all()]
    ranks = wide[all_of].rank(axis=1)
    rows = []
    for name in wide:
        own = wide[name].notna()
        mine = table[(table["method"] == name) & table["nrmse"].notna()]
        beaten = (
            (wide.loc[own, "ours"] < wide.loc[own, name]).sum()
            if "ours" in wide and name != "ours"
            else np.nan
        )
        rows.append({
            "method": name,
            "cases": int(own.sum()),
            "NRMSE": wide.loc[own, name].mean(),
            "ours there": wide.loc[own, "ours"].mean() if "ours" in wide else np.nan,
            "ours is better in": "" if beaten != beaten else f"{int(beaten)} of {int(own.sum())}",
            "mean rank": ranks[name].mean() if name in all_of else np.nan,
            "CPU s a case": mine["cpu_s"].mean(),
            "rows/s": mine["rows_per_s"].median() if "rows_per_s" in mine else np.nan,
        })  # fmt: skip
    shares = table.assign(kind=table["case"].str.split().str[1:].str.join(" "))
    shares = shares[shares["method"].isin(all_of)]
    by_kind = shares.pivot_table(index="kind", columns="method", values="nrmse", sort=False)[all_of]
    return f"{markdown(pd.DataFrame(rows))}\n\n{markdown(by_kind.reset_index())}"


def labels(table: pd.DataFrame) -> list[str]:
    parts = []
    for title, name in (("F1", "f1"), ("ECE", "ece"), ("CPU s", "cpu_s"), ("rows/s", "rows_per_s")):
        wide = table.pivot_table(index="table", columns="method", values=name, sort=False)
        wide = wide[[one for one in ORDER if one in wide]]
        if name in ("f1", "ece"):
            wide.loc["mean"] = wide.mean()
        if name == "f1":
            wide.loc["mean rank"] = (
                table.pivot_table(index="table", columns="method", values=name)
                .rank(axis=1, ascending=False)
                .mean()
            )
        parts.append(markdown(wide.reset_index(names=title)))
    return parts


def markdown(table: pd.DataFrame) -> str:
    def shown(cell: Any) -> str:
        if isinstance(cell, float):
            return (
                ""
                if cell != cell
                else f"{cell:,.0f}"
                if abs(cell) >= 1000
                else f"{cell:.3g}"
                if abs(cell) >= 10
                else f"{cell:.3f}"
            )
        return str(cell)

    lines = [
        "| " + " | ".join(map(str, table)) + " |",
        "| " + " | ".join("---" for _ in table.columns) + " |",
    ]
    lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines)


if __name__ == "__main__":
    import sys

    print(text(json.loads(Path(sys.argv[1]).read_text())))
