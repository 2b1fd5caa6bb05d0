#!/usr/bin/env python3
"""Check that the folder of a finished sweep opens in the tools people use, with the figures its runs wrote.

    pip install pandas pyarrow tensorboard
    python scripts/check_sweep.py runs/model_size

pandas must read the summary, Parquet and CSV alike, with the figures of every run; TensorBoard must find every run
under the name of what sets it apart, with hparams. Prints a line a check and exits 1 at the first failure.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import pandas
from tensorboard.backend.event_processing import event_multiplexer
from tensorboard.plugins.hparams import metadata as hparams_metadata

from checks import ended, expect, passed


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def same(one, other):
    if isinstance(one, float) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    return one == other


def read(folder, name):
    """The table, of which both files must be the same."""
    table = pandas.read_parquet(folder / f"{name}.parquet")
    text = pandas.read_csv(folder / f"{name}.csv", dtype={"id": str, "label": str})
    expect(list(table.columns) == list(text.columns), f"{name}: other columns in Parquet than in CSV")
    expect(len(table) == len(text), f"{name}: {len(table)} rows in Parquet and {len(text)} in CSV")
    for column in table.columns:
        for a, b in zip(table[column], text[column]):
            expect(same(a, b) or (pandas.isna(a) and pandas.isna(b)), f"{name}, {column}: {a!r} and {b!r}")
    passed(f"{name}: {len(table)} rows of {len(table.columns)} columns, the same in both files")
    return table


def check_runs(folder, table):
    expect(len(table), "there are no runs")
    for row in table.to_dict("records"):
        run = folder / "runs" / row["id"]
        last, evaluation = lines(run / "metrics.jsonl")[-1], lines(run / "evaluations.jsonl")[-1]
        expect(row["state"] == "done", f"{run}: {row['state']}")
        for key in ("step", "loss", "tokens"):
            expect(same(row[key], last[key]), f"{run}: {key} is {last[key]}, and {row[key]} in the summary")
        for key in ("value_loss", "accuracy", "bits_stored"):
            found = row[f"final_{key}"]
            expect(same(found, evaluation[key]), f"{run}: {key} is {evaluation[key]}, and {found} in the summary")
        low, high = evaluation["value_loss_ci95"]
        expect(same(row["final_value_loss_lo"], low) and same(row["final_value_loss_hi"], high), f"{run}: interval")
    passed(f"the last step and the last evaluation of {len(table)} runs")


def check_evaluations(folder, table, runs):
    count = sum(len(lines(folder / "runs" / run / "evaluations.jsonl")) for run in runs)
    expect(len(table) == count, f"{len(table)} rows, and the runs have {count} evaluations")
    passed(f"a row for each of {count} evaluations")


def check_tensorboard(folder, runs):
    board = event_multiplexer.EventMultiplexer()
    board.AddRunsFromDirectory(str(folder))
    board.Reload()
    found = board.Runs()
    expect(len(found) == len(runs), f"TensorBoard finds {sorted(found)}, and there are {len(runs)} runs")
    for run in runs:
        names = [name for name in found if Path(name).parts[:2] == ("runs", run)]
        expect(len(names) == 1 and Path(names[0]).name.endswith(f",{run}"), f"TensorBoard calls {run} {names}")
    for name in found:
        expect("eval/value_loss" in found[name]["scalars"], f"{name}: no eval/value_loss")
        hparams = board.PluginRunToTagToContent(hparams_metadata.PLUGIN_NAME)
        expect(name in hparams, f"{name}: no hparams")
    passed(f"TensorBoard shows {len(found)} runs, such as {sorted(found)[0]}, with hparams")


def check(folder):
    table = read(folder / "summary", "runs")
    check_runs(folder, table)
    check_evaluations(folder, read(folder / "summary", "evaluations"), table["id"])
    check_tensorboard(folder, table["id"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    return ended(lambda: check(options.folder))


if __name__ == "__main__":
    sys.exit(main())
