#!/usr/bin/env python3
"""Prove that a refactoring changes nothing: make the same runs with the kolmo of before and of after it, and compare what they leave.

    python scripts/same_results.py BEFORE AFTER [--only NAME...] [--but NAME...] [--configs DIR] [--reports DIR...]

Compared are, byte for byte, the weights and moments of every checkpoint, metrics.jsonl, evaluations.jsonl, facts.parquet,
answers, compression records, figures, compressed files, exported documents, theory, what commands print, and reports; without
wall-clock fields, and of manifests what they say of the run itself. Prints a line a case, with the first file, line and field
that differ, and exits 1 if anything does; the folders are then left for a look. Two to four minutes on two cores.

A change of format that is wanted is left out by name, `--but config_blake3 run`: a field of JSON, CSV or TOML in any depth, or
a file. Configurations that BEFORE cannot read are replaced by those of its time: `--configs`. `--reports` takes folders of runs
or sweeps that are there already, such as those of `kolmo reproduce --quick`, and compares what both builds report of them.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import runs
import same_files
from checks import Failure, expect, passed

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
PATIENCE = 600
# What no shipped configuration has.
LLAMA = ("model.arch=llama", "model.tied_embeddings=true", "model.layers=1", "train.documents=6400", "train.weight_decay=0.1")
GROUPED = ("model.mup_base_width=32", "train.documents=6400", "train.schedule=cosine", "eval.bayes_discount=fit")
SWEEP = """\
base = "../configs/quickstart.toml"
seeds = [1, 2]
[set]
train.documents = 12800
eval.evaluations = 8
eval.facts_per_class = 50
compression.documents = 512
[[axes]]
product = { "model.d_model" = [16, 32] }
"""


class Builder:
    """One of the builds, and the folder that it works in."""

    def __init__(self, binary, root, configs):
        self.binary = binary
        self.root = root
        shutil.copytree(configs, root / "configs")

    def kolmo(self, *arguments, keep=None):
        """Runs a command, which must succeed; `keep` is the file that gets what it prints."""
        words = [str(self.binary), *arguments]
        result = subprocess.run(words, cwd=self.root, capture_output=True, timeout=PATIENCE, check=False)
        said = result.stderr.decode(errors="replace").strip()
        expect(result.returncode == 0, f"{' '.join(words)}: exit code {result.returncode}: {said}")
        if keep:
            (self.root / keep).parent.mkdir(parents=True, exist_ok=True)
            (self.root / keep).write_bytes(result.stdout)

    def train(self, config, run, *settings, command=("train",)):
        changes = [word for setting in settings for word in ("--set", setting)]
        self.kolmo("-q", *command, f"configs/{config}.toml", "--run-dir", run, "--device", "flex", *changes)

    def tune(self, config, run, *settings):
        # A path that is the same for both: it is written into the configuration.
        self.train(f"finetune/{config}", run, *settings, command=("finetune", "--from", "quickstart/run"))


def tiny(build):
    build.train("tiny", "tiny/run", "compression.documents=512")
    build.kolmo("eval", "tiny/run", "--ranks", "1-5", "--device", "flex", "--out", "tiny/eval", keep="tiny/eval.txt")
    build.kolmo("world", "sample", "configs/tiny.toml", "--json", "-n", "50", keep="tiny/sample.jsonl")


def quickstart(build):
    build.train("quickstart", "quickstart/run", "train.documents=51200")


def biography(build):
    build.train("biography", "biography/run", "train.documents=25600", "eval.evaluations=8", "eval.facts_per_class=50")


def llama(build):
    build.train("pitman_yor", "llama/run", *LLAMA)


def grouped(build):
    build.train("grouped", "grouped/run", *GROUPED)


def finetune(build):
    build.tune("instruction", "finetune/run", "train.documents=6400")


def lora(build):
    build.tune("injection", "lora/run", "train.documents=6400", "finetune.method=lora", "finetune.replay.share=0.25")


def compress(build):
    text = "compress/text"
    build.kolmo("world", "sample", "configs/quickstart.toml", "-n", "3000", "--first", "5e6", keep=text)
    with (build.root / text).open("a") as file:
        file.write("A line in no language of the world.\n")
    build.kolmo("compress", "quickstart/run", text, "--device", "flex", "--json", keep="compress/sizes.json")
    build.kolmo("decompress", "quickstart/run", f"{text}.kolmo", "--device", "flex", "--out", "compress/again")
    there, again = (runs.read(build.root / path) for path in (text, "compress/again"))
    expect(there == again, f"{build.binary}: {runs.first_difference('decompress', again, there)}")


def export(build):
    for config in ("quickstart", "biography"):
        for form in ("jsonl", "parquet", "bin"):
            documents = ("--documents", "2000", "--out", f"export/{config}-{form}")
            build.kolmo("-q", "world", "export", f"configs/{config}.toml", "--format", form, *documents)
    build.kolmo("world", "stats", "configs/grouped.toml", "--documents", "5000", "--json", keep="export/stats.json")


def theory(build):
    for config in ("quickstart", "biography", "pitman_yor", "grouped", "uniform"):
        build.kolmo("-q", "theory", f"configs/{config}.toml", "--out", f"theory/{config}", keep=f"theory/{config}.txt")


def sweep(build):
    (build.root / "sweep").mkdir()
    (build.root / "sweep/four.toml").write_text(SWEEP)
    build.kolmo("-q", "sweep", "run", "sweep/four.toml", "--dir", "sweep/four", "--devices", "flex", "--jobs", "2")
    build.kolmo("sweep", "summary", "sweep/four.toml", "--dir", "sweep/four")
    build.kolmo("report", "sweep/four", "--json", keep="sweep/verdicts.json")


def report(build):
    places = ("quickstart/run", "biography/run", "finetune/run", "lora/run")
    build.kolmo("report", *places, "--json", "-o", "report/all.html", keep="report/verdicts.json")


def killed(build):
    """A run that is killed on its way and goes on, and one that nothing happened to: the same."""
    config = runs.write_config(build.root / "killed.toml", steps=400)
    whole, run = build.root / "killed/whole", build.root / "killed/run"
    runs.finish(build.binary, config, whole)
    process = subprocess.Popen(runs.command(build.binary, config, run), stderr=subprocess.DEVNULL)
    begun = time.monotonic()
    while runs.newest_checkpoint(run) < 150 and process.poll() is None and time.monotonic() < begun + PATIENCE:
        time.sleep(0.002)
    process.kill()
    process.wait()
    expect(0 < runs.newest_checkpoint(run) < 400, f"{run} was not killed on its way")
    runs.finish(build.binary, config, run)
    runs.compare(whole, run)


# Each case, and the cases whose runs it takes.
CASES = {
    tiny: (),
    quickstart: (),
    biography: (),
    llama: (),
    grouped: (),
    finetune: (quickstart,),
    lora: (quickstart,),
    compress: (quickstart,),
    export: (),
    theory: (),
    sweep: (),
    report: (quickstart, biography, finetune, lora),
    killed: (),
}


def chosen(names):
    """The cases of these names, and those that they need, in order."""
    wanted = {case for case in CASES if not names or case.__name__ in names}
    while more := {needed for case in wanted for needed in CASES[case]} - wanted:
        wanted |= more
    return [case for case in CASES if case in wanted]


def report_of(folder, place):
    """A case: what both builds report of a folder that is there already."""

    def case(build):
        build.kolmo("report", str(folder), "--json", "-o", f"{place}/report.html", keep=f"{place}/verdicts.json")

    case.__name__ = place
    return case


def check(cases, builders, rules):
    """Whether every case gives the same on both sides; prints a line for each."""
    same = True
    with ThreadPoolExecutor(len(builders)) as pool:
        for case in cases:
            begun = time.monotonic()
            try:
                list(pool.map(case, builders))
                sides = [same_files.Side(builder.root) for builder in builders]
                count, where = same_files.compare(*sides, case.__name__, rules)
                expect(count, f"{case.__name__} left nothing to compare")
                expect(where is None, where)
                passed(f"{case.__name__}: {count} files, {time.monotonic() - begun:.0f} s")
            except Failure as failure:
                same = False
                print(f"FAILED {case.__name__}: {failure}", flush=True)
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=runs.executable)
    parser.add_argument("after", type=runs.executable)
    names = [case.__name__ for case in CASES]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help="these cases, and what they need")
    parser.add_argument("--but", nargs="+", metavar="NAME", default=[], help="fields and files that may differ")
    parser.add_argument("--configs", type=Path, default=CONFIGS, help="the shipped configurations, as both builds read them")
    parser.add_argument("--reports", nargs="+", type=Path, metavar="DIR", default=[], help="more runs and sweeps to report on")
    options = parser.parse_args()
    cases = chosen(options.only) + [report_of(path.resolve(), f"report-{path.name}") for path in options.reports]
    place = Path(tempfile.mkdtemp(prefix="kolmo-same-"))
    sides = (("before", options.before), ("after", options.after))
    builders = [Builder(binary, place / name, options.configs) for name, binary in sides]
    if not check(cases, builders, same_files.Rules(options.but)):
        print(f"left in {place}", file=sys.stderr)
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
