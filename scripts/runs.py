"""What the scripts that disturb runs share: starting kolmo, watching a run, comparing two of them.

Two runs are the same if their weights, moments, facts, evaluations and plots are the same byte for byte, and
the other files too once the wall-clock fields are left out.
"""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import checks
from checks import expect

CLOCK = ("elapsed_s", "tokens_per_s")
CLOCK_FIELD = re.compile(rb',?"(?:' + b"|".join(name.encode() for name in CLOCK) + rb')":[^,}]*')
STEP = re.compile(rb'^\{"step":(\d+),')
REMAINS = ".kolmo-tmp"

TINY = (Path(__file__).resolve().parents[1] / "tests/util/tiny.toml").read_text(encoding="utf-8")


def ended(check, binary):
    """The exit code of `check`, a function that raises Failure, of runs of `binary`."""
    built = binary.stat().st_mtime_ns
    code = checks.ended(check)
    if code and binary.stat().st_mtime_ns != built:
        print(f"{binary} was built anew meanwhile: two builds need not agree to the bit", file=sys.stderr)
    return code


def ended_in(prefix, check, binary, within=None):
    """The exit code of `check`, a function of a folder of its own `within` another, which stays for a look if it fails."""
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=within)).resolve()
    code = ended(lambda: check(place), binary)
    if code == 0:
        shutil.rmtree(place)
    else:
        print(f"left in {place}", file=sys.stderr)
    return code


def write_config(path, steps, log_every=1, evaluations=10, every_s=0.0, keep_last=2, keep_every=0, batch=32):
    """A run of `steps` steps of 5504 parameters, some milliseconds each."""
    more = f"""\
evaluations = {evaluations}
[train]
documents = {batch * steps}
batch_documents = {batch}
log_every = {log_every}
[checkpoint]
every_s = {every_s}
keep_last = {keep_last}
keep_every = {keep_every}
"""
    path.write_text(TINY + more, encoding="utf-8")
    return path


def command(binary, config, run, *more):
    return [str(binary), "-q", "train", str(config), "--device", "flex", "--run-dir", str(run), *more]


def environment(threads=None, **more):
    variables = dict(os.environ, **more)
    if threads is not None:
        variables["RAYON_NUM_THREADS"] = str(threads)
    return variables


def train(binary, config, run, *more, env=None, timeout=600, **options):
    """Runs kolmo to its end. Gives the finished process, with its messages as text."""
    return subprocess.run(
        command(binary, config, run, *more),
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )


def finish(binary, config, run, env=None, **options):
    """Runs kolmo, which must finish the run and have nothing to complain of."""
    result = train(binary, config, run, env=env, **options)
    expect(result.returncode == 0, f"{run}: exit code {result.returncode}: {result.stdout.strip()}")
    expect((run / "DONE").is_file(), f"{run}: exit code 0 and no DONE")
    return result.stdout


def read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def newest_line(run):
    """The step of the newest whole line of metrics.jsonl; 0 if there is none."""
    try:
        with (run / "metrics.jsonl").open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            lines = file.read().split(b"\n")[:-1]
    except FileNotFoundError:
        return 0
    found = STEP.match(lines[-1]) if lines else None
    return int(found.group(1)) if found else 0


def checkpoints(run):
    """The steps of the checkpoints, in order."""
    try:
        names = os.listdir(run / "checkpoints")
    except FileNotFoundError:
        return []
    return sorted(int(name[5:]) for name in names if re.fullmatch(r"step-\d{8,}", name))


def newest_checkpoint(run):
    return max(checkpoints(run), default=0)


def remains(run):
    """What an interrupted write has left."""
    return sorted(str(path.relative_to(run)) for path in run.rglob(f"*{REMAINS}"))


def sessions(run):
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))["sessions"]


def first_difference(name, one, two):
    """Where two texts differ, in words."""
    ours, theirs = one.split(b"\n"), two.split(b"\n")
    for number, (a, b) in enumerate(zip(ours, theirs), start=1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            return f"{name}, line {number}, from byte {at}: {a[at : at + 60]!r} and {b[at : at + 60]!r}"
    return f"{name}: {len(ours)} and {len(theirs)} lines"


def without_clock(value):
    if isinstance(value, dict):
        return {key: without_clock(inner) for key, inner in value.items() if key not in CLOCK}
    if isinstance(value, list):
        return [without_clock(inner) for inner in value]
    return value


def done(run):
    figures = json.loads((run / "DONE").read_text(encoding="utf-8"))
    figures.pop("run_dir")
    # Of files that have the clock in them, and are compared by themselves.
    for of_files in ("blake3", "bytes"):
        figures.pop(of_files, None)
    return without_clock(figures)


def compare(reference, run, figures=True, clean=True):
    """Fails unless the finished `run` is `reference`, byte for byte but for the clock.

    `figures` and `clean` may let go of the plots, and of the remains of interrupted writes.
    """
    for one in (reference, run):
        expect((one / "DONE").is_file(), f"{one} is not finished")
    expect(done(run) == done(reference), f"{run}: DONE differs from that of {reference}")

    last = newest_checkpoint(reference)
    expect(newest_checkpoint(run) == last, f"{run}: the last checkpoint is of {newest_checkpoint(run)}")
    folder = f"checkpoints/step-{last:08}"
    names = ["config.toml", "evaluations.jsonl", "facts.parquet"]
    names += [f"{folder}/model.safetensors", f"{folder}/optimizer.safetensors"]
    if figures:
        names += sorted(str(path.relative_to(reference)) for path in reference.glob("figures/*"))
    for name in names:
        there, found = read(reference / name), read(run / name)
        expect(there, f"{reference / name} is missing or empty")
        expect(found == there, f"{run}: {first_difference(name, found, there)}")

    texts = [CLOCK_FIELD.sub(b"", read(one / "metrics.jsonl")) for one in (run, reference)]
    expect(texts[1], f"{reference}: metrics.jsonl is empty")
    expect(texts[0] == texts[1], f"{run}: {first_difference('metrics.jsonl', *texts)}")
    clock = [json.loads(line)["elapsed_s"] for line in read(run / "metrics.jsonl").splitlines()]
    expect(clock == sorted(clock), f"{run}: elapsed_s of metrics.jsonl falls")

    expect(not (clean and remains(run)), f"{run}: remains of interrupted writes: {', '.join(remains(run))}")
    state = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["state"]
    expect(state == "done", f"{run}: the manifest says {state}")


def compare_events(reference, run):
    """The same of the event files, if TensorBoard is there to read them. Gives how many points, or None."""
    try:
        import check_run
        from tensorboard.backend.event_processing import event_accumulator  # noqa: F401
    except ImportError:
        return None
    loaded = []
    for one in (reference, run):
        with contextlib.redirect_stdout(io.StringIO()):
            metrics = check_run.read_jsonl(one / "metrics.jsonl")
            evaluations = check_run.read_jsonl(one / "evaluations.jsonl")
            events = check_run.load_events(one / "tensorboard")
            series = check_run.expected_series(metrics, evaluations)
            check_run.check_scalars(one / "tensorboard", events, series)
        tags = [tag for tag in events.Tags()["scalars"] if tag.rpartition("/")[2] not in CLOCK]
        loaded.append({tag: [(p.step, p.value) for p in events.Scalars(tag)] for tag in tags})
    for tag, points in loaded[0].items():
        steps = [step for step, _ in points]
        expect(steps == sorted(set(steps)), f"{reference}: the steps of {tag} do not rise")
        expect(loaded[1].get(tag) == points, f"{run}: TensorBoard shows other points of {tag}")
    return sum(len(points) for points in loaded[0].values())


def mebibytes(kibibytes):
    return f"{kibibytes / 1024:.1f} MiB"


def executable(text):
    path = Path(text).absolute()
    if not os.access(path, os.X_OK):
        raise ValueError(f"{text} is no program")
    return path
