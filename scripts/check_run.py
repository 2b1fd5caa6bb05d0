#!/usr/bin/env python3
"""Check that a run directory opens in the tools people use, with the figures the run wrote.

    pip install pandas pyarrow tensorboard
    python scripts/check_run.py runs/first-1a2b3c4d

pandas must read facts.parquet, and TensorBoard's own loader the event files, and what they show must
agree with metrics.jsonl and evaluations.jsonl. Prints a line a check and exits 1 at the first failure.
"""

import argparse
import json
import math
import struct
import sys
import tomllib
from pathlib import Path

import pandas
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata as hparams_metadata

from checks import Failure, ended, expect, passed

FACT_COLUMNS = {
    "step": "uint64",
    "documents": "uint64",
    "subject": "uint64",
    "relation": "text",
    "probability": "float64",
    "exposures": "uint64",
    "loss_nats": "float64",
    "correct": "bool",
    "answer_valid": "bool",
    "confidence": "float64",
    "stands_for": "uint64",
    "share": "float64",
    "name_loss_nats": "float64",
}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def read_jsonl(path):
    expect(path.is_file(), f"{path} is missing")
    text = path.read_text(encoding="utf-8")
    expect(not text or text.endswith("\n"), f"{path} ends in a torn line")

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    records = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            record = json.loads(line, parse_constant=refuse)
        except ValueError as error:
            raise Failure(f"{path}, line {number}: {error}") from error
        expect(isinstance(record, dict), f"{path}, line {number}: not an object")
        expect(isinstance(record.get("step"), int), f"{path}, line {number}: no step")
        records.append(record)
    expect(records, f"{path} is empty")
    steps = [record["step"] for record in records]
    for number, (before, after) in enumerate(zip(steps, steps[1:]), start=2):
        expect(before < after, f"{path}, line {number}: step {after} does not follow {before}")
    passed(f"{path.name}: {len(records)} records, steps {steps[0]} to {steps[-1]}, all numbers finite")
    return records


def check_facts(path, evaluations):
    expect(path.is_file(), f"{path} is missing")
    try:
        facts = pandas.read_parquet(path)
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: pandas cannot read it: {error}") from error
    passed(f"{path.name}: pandas opens it, {len(facts)} rows")

    columns = list(facts.columns)
    expect(columns == list(FACT_COLUMNS), f"{path}: columns are {columns}, not {list(FACT_COLUMNS)}")
    for name, expected in FACT_COLUMNS.items():
        found = str(facts[name].dtype)
        if expected == "text":
            text = facts[name].map(lambda value: isinstance(value, str) and value != "")
            expect(text.all(), f"{path}: column {name} holds what is no name")
        else:
            expect(found == expected, f"{path}: column {name} is of type {found}, not {expected}")
    passed(f"{path.name}: the {len(columns)} columns of the contract, in order and type")

    for name, expected in FACT_COLUMNS.items():
        if expected == "float64":
            odd = facts[~facts[name].map(math.isfinite)]
            expect(odd.empty, f"{path}: {name} is not finite in {len(odd)} rows, first {list(odd.index[:1])}")
    for name in ("probability", "confidence"):
        odd = facts[(facts[name] < 0) | (facts[name] > 1)]
        expect(odd.empty, f"{path}: {name} is not within 0 and 1 in {len(odd)} rows")
    for name in ("loss_nats", "name_loss_nats"):
        expect((facts[name] >= 0).all(), f"{path}: a {name} is negative")
    facts["value_loss"] = facts["share"] * facts["loss_nats"]
    sums = facts.groupby("step")[["share", "value_loss"]].sum()
    for record in evaluations:
        share, loss = sums.loc[record["step"]]
        expect(math.isclose(share, 1, rel_tol=1e-9), f"{path}: shares at step {record['step']} add up to {share}")
        expect(
            math.isclose(loss, record["value_loss"], rel_tol=1e-9),
            f"{path}: value loss at step {record['step']} is {loss}, not {record['value_loss']}",
        )
    expect((facts["subject"] >= 1).all(), f"{path}: a subject has rank 0")
    passed(f"{path.name}: all values finite and in range")

    found = list(facts[["step", "documents"]].drop_duplicates().itertuples(index=False, name=None))
    written = [(record["step"], record["documents"]) for record in evaluations]
    expect(found == written, f"{path}: (step, documents) are {found}, evaluations.jsonl has {written}")
    passed(f"{path.name}: its {len(found)} evaluations are those of evaluations.jsonl")


def points(group, record, step):
    """(tag, step, value) of every number of a JSON record; a null has no point."""
    for key, value in record.items():
        if key != "step":
            for tag, number in numbers(f"{group}/{key}", value):
                yield tag, step, number


def numbers(tag, value):
    """(tag, number) of a field: itself, the ends of an interval, or the fields of an object."""
    if is_number(value):
        yield tag, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(f"{tag}_{name}", inner)
    elif isinstance(value, list) and len(value) == 2 and not isinstance(value[0], dict):
        for end, number in zip(("_lo", "_hi"), value):
            yield from numbers(tag + end, number)


def expected_series(metrics, evaluations):
    series = {}
    for record in metrics:
        for tag, step, value in points("train", record, record["step"]):
            series.setdefault(tag, []).append((step, value))
    for record in evaluations:
        groups = [("eval", record)]
        for one in record["classes"]:
            groups.append((f"class_{one['lo_rank']}-{one['hi_rank']}", one))
        for one in record.get("interviews", []):
            groups.append((f"ask_{one['cohort']}_{one['wording']}", one))
        for group, fields in groups:
            for tag, step, value in points(group, fields, record["step"]):
                series.setdefault(tag, []).append((step, value))
    return series


def check_answers(path, evaluations):
    """The means of an interview from its rows."""
    rows = pandas.read_parquet(path)
    last = evaluations[-1]
    expect((rows["step"] == last["step"]).all(), f"{path}: it is not of the last evaluation")
    kinds = rows.groupby(["cohort", "wording"])
    expect(len(kinds) == len(last["interviews"]), f"{path}: {len(kinds)} kinds of questions, not {len(last['interviews'])}")
    for one in last["interviews"]:
        of = kinds.get_group((one["cohort"], one["wording"]))
        expect(len(of) == one["measured"], f"{path}: {len(of)} rows, {one['measured']} measured")
        names = {"value_loss": "loss_nats", "accuracy": "correct", "answer_valid": "answer_valid", "confidence": "confidence"}
        for name, column in names.items():
            mean = (of["share"] * of[column]).sum()
            near = math.isclose(mean, one[name], rel_tol=1e-9, abs_tol=1e-12)
            expect(near, f"{path}: {one['cohort']}, {one['wording']}: {name} is {one[name]}, of the rows {mean}")
        right = of["correct"] == (of["answer"] == of["truth"])
        expect(right.all(), f"{path}: answers that are right and are not the truth")
    passed(f"{path.name}: {len(rows)} answers, with the means of the last evaluation")


def as_f32(value):
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def load_events(path):
    expect(path.is_dir(), f"{path} is missing")
    # 0: keep every point, not a sample of them.
    guidance = event_accumulator.STORE_EVERYTHING_SIZE_GUIDANCE
    events = event_accumulator.EventAccumulator(str(path), size_guidance=guidance)
    events.Reload()
    passed(f"{path.name}: TensorBoard loads {len(events.Tags()['scalars'])} scalar tags")
    return events


def check_scalars(path, events, series):
    found = set(events.Tags()["scalars"])
    missing = [tag for tag in series if tag not in found]
    expect(not missing, f"{path}: no scalars for {', '.join(missing)}")
    extra = sorted(found - set(series))
    expect(not extra, f"{path}: scalars that are in no JSONL file: {', '.join(extra)}")
    passed(f"{path.name}: a tag for each of the {len(series)} numeric keys, and no others")

    count = 0
    for tag, written in series.items():
        shown = events.Scalars(tag)
        expect(
            len(shown) == len(written),
            f"{path}: {tag} has {len(shown)} points, the JSONL file {len(written)} values",
        )
        steps = [point.step for point in shown]
        expect(steps == [step for step, _ in written], f"{path}: {tag} has its points at steps {steps}")
        count += len(shown)
    passed(f"{path.name}: {count} points, as many as values, at the same steps")

    for tag, written in series.items():
        shown, value = events.Scalars(tag)[-1].value, written[-1][1]
        # The loader widens 32-bit floats; one unit in the last place is for readers that round.
        near = shown == as_f32(value) or math.isclose(shown, value, rel_tol=2**-23)
        expect(near, f"{path}: the last point of {tag} is {shown!r}, the JSONL file has {value!r}")
    passed(f"{path.name}: every tag ends with the JSONL file's last value")


def flatten(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def check_hparams(path, events, config):
    try:
        contents = events.PluginTagToContent(hparams_metadata.PLUGIN_NAME)
    except KeyError:
        contents = {}
    for tag in (hparams_metadata.EXPERIMENT_TAG, hparams_metadata.SESSION_START_INFO_TAG):
        expect(tag in contents, f"{path}: no hparams: the tag {tag} is missing")

    experiment = hparams_metadata.parse_experiment_plugin_data(contents[hparams_metadata.EXPERIMENT_TAG])
    metrics = [info.name.tag for info in experiment.metric_infos]
    expect("eval/value_loss" in metrics, f"{path}: the hparams' metrics are {metrics}, without eval/value_loss")
    session = hparams_metadata.parse_session_start_info_plugin_data(
        contents[hparams_metadata.SESSION_START_INFO_TAG]
    )
    expect(session.hparams, f"{path}: the hparams are empty")
    listed = {info.name for info in experiment.hparam_infos}
    hidden = sorted(set(session.hparams) - listed)
    expect(not hidden, f"{path}: hparams with a value but no column: {', '.join(hidden)}")
    passed(f"{path.name}: {len(session.hparams)} hparams, shown beside eval/value_loss")

    compared = 0
    for key, value in flatten(config):
        if key not in session.hparams or not isinstance(value, (bool, int, float, str)):
            continue
        kind = session.hparams[key].WhichOneof("kind")
        shown = getattr(session.hparams[key], kind) if kind else None
        # JSON, in which the page is handed the numbers, has no others.
        if isinstance(value, float) and not math.isfinite(value) or isinstance(value, int) and abs(value) > 2**53:
            value = str(value)
        expect(shown == value, f"{path}: hparam {key} is {shown!r}, config.toml has {value!r}")
        compared += 1
    expect(compared, f"{path}: no hparam is a key of config.toml: names are dotted, as in train.learning_rate")
    passed(f"{path.name}: {compared} hparams have the values of config.toml")


def check(run):
    expect(run.is_dir(), f"{run} is not a folder")
    for name, parse in (("config.toml", tomllib.loads), ("manifest.json", json.loads)):
        path = run / name
        expect(path.is_file(), f"{path} is missing")
        try:
            parsed = parse(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Failure(f"{path}: {error}") from error
        if name == "config.toml":
            config = parsed
    passed("config.toml and manifest.json parse")

    remains = sorted(str(path.relative_to(run)) for path in run.rglob("*.kolmo-tmp"))
    expect(not remains, f"{run}: remains of interrupted writes: {', '.join(remains)}")
    metrics = read_jsonl(run / "metrics.jsonl")
    evaluations = read_jsonl(run / "evaluations.jsonl")
    check_facts(run / "facts.parquet", evaluations)
    check_answers(run / "answers.parquet", evaluations)
    tensorboard = run / "tensorboard"
    events = load_events(tensorboard)
    check_scalars(tensorboard, events, expected_series(metrics, evaluations))
    check_hparams(tensorboard, events, config)
    print(f"{run}: all checks passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    run = parser.parse_args().run_dir
    return ended(lambda: check(run))


if __name__ == "__main__":
    sys.exit(main())
