#!/usr/bin/env python3
"""Whether one learning rate serves all widths, in the standard and the maximal update parametrisation (docs/mup.md).

    scripts/mup.py rates target/release/kolmo         trains configs/mup.toml again and again: docs/data/mup_rates.csv
    scripts/mup.py coordinates target/release/kolmo   coordinate checks: docs/data/mup_coordinates.csv
    scripts/mup.py draw                               docs/images/mup_*.svg; needs matplotlib
    scripts/mup.py table                              slopes and best learning rates, as Markdown

`rates` goes on where it was stopped. Runs are on one thread, on flex.
"""

import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import runs

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "configs" / "mup.toml"
DATA, IMAGES = ROOT / "docs" / "data", ROOT / "docs" / "images"
RATES, COORDINATES = DATA / "mup_rates.csv", DATA / "mup_coordinates.csv"
BASE, HEAD = 32, 16
WIDTHS = (32, 64, 128)
EXPONENTS = range(-11, -3)
SEEDS = (1, 2)
COORDINATE_WIDTHS = (32, 64, 128, 256)
COORDINATE_STEPS = 10
COORDINATE_SEEDS = (1, 2, 3, 4)
COORDINATE_RATE = 2.0**-7
PARAMETRISATIONS = ("standard", "mup")
SHOWN_STEPS = (1, 2, 3, 5, 10)
ACTIVATIONS = {"block_2": "residual stream", "logits": "logits"}
TITLES = {"standard": "standard parametrisation", "mup": "maximal update parametrisation"}
RATE_FIELDS = ["parametrisation", "width", "log2_learning_rate", "seed", "value_loss", "redundancy"]


def read_csv(path):
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def settings(parametrisation, width, rate, seed):
    """At the base width both parametrisations are one: the standard one is that of every width as its own base."""
    keys = {
        "seed": seed,
        "model.d_model": width,
        "model.heads": width // HEAD,
        "model.mup_base_width": BASE if parametrisation == "mup" else width,
        "train.learning_rate": rate,
    }
    return [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]


def outcome(run):
    """Value loss at the end, nats a fact; redundancy of the last tenth of the steps, nats a token."""
    evaluation = json.loads((run / "evaluations.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    steps = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    tail = steps[-max(1, len(steps) // 10) :]
    return evaluation["value_loss"], sum(step["redundancy"] for step in tail) / len(tail)


def train_all(binary):
    DATA.mkdir(exist_ok=True)
    keys = RATE_FIELDS[:4]
    done = {tuple(row[key] for key in keys) for row in read_csv(RATES)}
    jobs = [
        (parametrisation, width, exponent, seed)
        for seed in SEEDS
        for width in WIDTHS
        for parametrisation in PARAMETRISATIONS
        for exponent in EXPONENTS
        # The same bits as the standard one.
        if not (parametrisation == "mup" and width == BASE)
    ]
    with RATES.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            writer.writerow(RATE_FIELDS)
        for job in jobs:
            if tuple(map(str, job)) in done:
                continue
            parametrisation, width, exponent, seed = job
            with tempfile.TemporaryDirectory() as folder:
                run = Path(folder) / "run"
                keys = settings(parametrisation, width, 2.0**exponent, seed)
                result = runs.train(binary, CONFIG, run, *keys, env=runs.environment(1), timeout=3600)
                if result.returncode == 3:
                    figures = (math.inf, math.inf)
                else:
                    runs.expect(result.returncode == 0, f"{job}: {result.stdout.strip()}")
                    figures = outcome(run)
            writer.writerow([*job, *(f"{figure:.6g}" for figure in figures)])
            file.flush()
            print(*job, *figures, flush=True)


def check_coordinates(binary):
    DATA.mkdir(exist_ok=True)
    widths = ",".join(map(str, COORDINATE_WIDTHS))
    with COORDINATES.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["parametrisation", "seed", "step", "activation", "width", "size", "change"])
        for parametrisation in PARAMETRISATIONS:
            for seed in COORDINATE_SEEDS:
                # Without the key the parametrisation is the standard one.
                lines = CONFIG.read_text(encoding="utf-8").splitlines()
                kept = [line for line in lines if parametrisation == "mup" or "mup_base_width" not in line]
                with tempfile.TemporaryDirectory() as folder:
                    config = Path(folder) / "config.toml"
                    config.write_text("\n".join(kept), encoding="utf-8")
                    command = [str(binary), "bench", "coordinates", str(config), "--widths", widths]
                    command += ["--steps", str(COORDINATE_STEPS), "--threads", "1", "--device", "flex", "--json"]
                    command += ["--set", f"seed={seed}", "--set", f"train.learning_rate={COORDINATE_RATE}"]
                    result = subprocess.run(command, capture_output=True, text=True, check=False)
                runs.expect(result.returncode == 0, result.stderr.strip())
                report = json.loads(result.stdout)
                for row in report["coordinates"]:
                    for k, width in enumerate(report["widths"]):
                        figures = (row[figure]["values"][k] for figure in ("size", "change"))
                        place = (parametrisation, seed, row["step"], row["activation"], width)
                        writer.writerow([*place, *(f"{figure:.6g}" for figure in figures)])
                print(parametrisation, seed, flush=True)


def loss_curves(parametrisation, field="value_loss"):
    """For every width the mean and range over seeds of the loss, by the logarithm of the learning rate."""
    curves = {}
    for row in read_csv(RATES):
        width = int(row["width"])
        if row["parametrisation"] == parametrisation or width == BASE:
            place = curves.setdefault(width, {}).setdefault(int(row["log2_learning_rate"]), [])
            place.append(float(row[field]))
    return {width: dict(sorted(curve.items())) for width, curve in sorted(curves.items())}


def mean(values):
    return sum(values) / len(values)


def best(curve):
    """The logarithm of the best learning rate, and there the mean loss."""
    return min(((exponent, mean(losses)) for exponent, losses in curve.items()), key=lambda point: point[1])


def optimum(curve):
    """The lowest point of the parabola through the best learning rate and its neighbours, in logarithms of both."""
    middle, _ = best(curve)
    try:
        left, here, right = (math.log(mean(curve[middle + k])) for k in (-1, 0, 1))
    except KeyError:
        return None
    return middle + (left - right) / (2 * (left - 2 * here + right))


def changes(parametrisation, activation, step):
    """The change since initialisation, by seed and width."""
    place = (parametrisation, activation, str(step))
    by_seed = {}
    for row in read_csv(COORDINATES):
        if (row["parametrisation"], row["activation"], row["step"]) == place:
            by_seed.setdefault(row["seed"], {})[int(row["width"])] = float(row["change"])
    return list(by_seed.values())


def slope(by_width):
    """Of logarithms, by least squares."""
    points = [(math.log(width), math.log(value)) for width, value in by_width.items()]
    x, y = (mean([point[k] for point in points]) for k in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def print_tables():
    print(f"| parametrisation | activation | {' | '.join(f'step {step}' for step in SHOWN_STEPS)} |")
    print("| --- |" + " --- |" * (1 + len(SHOWN_STEPS)))
    for parametrisation in PARAMETRISATIONS:
        for activation, name in ACTIVATIONS.items():
            cells = []
            for step in SHOWN_STEPS:
                slopes = [slope(by_width) for by_width in changes(parametrisation, activation, step)]
                error = statistics.stdev(slopes) / math.sqrt(len(slopes))
                cells.append(f"{mean(slopes):.2f} ± {error:.2f}")
            print(f"| {parametrisation} | {name} | {' | '.join(cells)} |")

    print("\n| parametrisation | width | best of the grid | value loss there | optimum | at the best of width 32 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for parametrisation in PARAMETRISATIONS:
        curves = loss_curves(parametrisation)
        base, _ = best(curves[BASE])
        for width, curve in curves.items():
            exponent, loss = best(curve)
            lowest = optimum(curve)
            where = "at the edge" if lowest is None else f"2^{lowest:.1f}"
            seeds = ", ".join(f"{value:.3f}" for value in curve[exponent])
            there = mean(curve[base]) if base in curve else math.nan
            print(f"| {parametrisation} | {width} | 2^{exponent} | {loss:.3f} ({seeds}) | {where} | {there:.3f} |")


def start_figure(matplotlib, rows):
    """Panels, two in a row. White behind them, so that they can be read on a dark page too."""
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "kolmo", "font.family": "sans-serif", "svg.fonttype": "none"})
    from matplotlib import pyplot

    size = (9.2, 3.6 * rows)
    figure, panels = pyplot.subplots(rows, 2, figsize=size, sharey=True, layout="constrained")
    figure.set_facecolor("white")
    return figure, panels


def colours(matplotlib, keys):
    scale = matplotlib.colormaps["viridis"]
    return {key: scale(0.85 * k / max(1, len(keys) - 1)) for k, key in enumerate(keys)}


def draw():
    import matplotlib
    from matplotlib import ticker

    IMAGES.mkdir(exist_ok=True)
    options = {"metadata": {"Date": None, "Creator": None}}

    figure, panels = start_figure(matplotlib, 1)
    shade = colours(matplotlib, WIDTHS)
    for panel, parametrisation in zip(panels, PARAMETRISATIONS):
        for width, curve in loss_curves(parametrisation).items():
            finite = {e: losses for e, losses in curve.items() if all(map(math.isfinite, losses))}
            rates = [2.0**exponent for exponent in finite]
            panel.plot(rates, [mean(losses) for losses in finite.values()], color=shade[width], label=f"d = {width}")
            for rate, losses in zip(rates, finite.values()):
                panel.plot([rate] * len(losses), losses, ".", color=shade[width], markersize=4)
            exponent, loss = best(curve)
            panel.plot(2.0**exponent, loss, "o", color=shade[width], markersize=8, fillstyle="none")
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(ticker.FixedLocator([0.2, 0.3, 0.5, 1, 2]))
        panel.yaxis.set_major_formatter(ticker.ScalarFormatter())
        panel.yaxis.set_minor_formatter(ticker.NullFormatter())
        panel.set_title(TITLES[parametrisation])
        panel.set_xlabel("learning rate")
        panel.grid(True, color="#e4e4e4", linewidth=0.6)
    panels[0].set_ylabel("value loss, nats a fact")
    panels[0].legend(frameon=False)
    figure.savefig(IMAGES / "mup_rates.svg", **options)

    figure, panels = start_figure(matplotlib, 2)
    shade = colours(matplotlib, SHOWN_STEPS)
    shown = [(parametrisation, activation) for parametrisation in PARAMETRISATIONS for activation in ACTIVATIONS]
    for panel, (parametrisation, activation) in zip(panels.flat, shown):
        for step in SHOWN_STEPS:
            seeds = changes(parametrisation, activation, step)
            means = [mean([by_width[width] for by_width in seeds]) for width in COORDINATE_WIDTHS]
            panel.plot(COORDINATE_WIDTHS, means, ".-", color=shade[step], label=f"step {step}")
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        panel.set_title(f"{ACTIVATIONS[activation]}, {TITLES[parametrisation]}", fontsize=10)
        panel.set_xlabel("width d")
        panel.grid(True, color="#e4e4e4", linewidth=0.6)
    for panel in panels[:, 0]:
        panel.set_ylabel("mean absolute change")
    panels[0, 0].legend(frameon=False)
    figure.savefig(IMAGES / "mup_coordinates.svg", **options)


def main(arguments):
    match arguments:
        case ["rates", binary]:
            binary = runs.executable(binary)
            return runs.ended(lambda: train_all(binary), binary)
        case ["coordinates", binary]:
            binary = runs.executable(binary)
            return runs.ended(lambda: check_coordinates(binary), binary)
        case ["draw"]:
            draw()
            return 0
        case ["table"]:
            print_tables()
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
