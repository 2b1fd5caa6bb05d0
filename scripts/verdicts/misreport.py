"""Whether a law that theory is told wrongly is found out."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from checks import expect, passed


def identity(kolmo, config):
    """The hash that kolmo knows a configuration by: that of the manifest of its run, which is killed as soon as it has one."""
    with tempfile.TemporaryDirectory() as place:
        manifest = Path(place, "run/manifest.json")
        command = [kolmo, "train", config, "--run-dir", manifest.parent, "--device", "flex", "--quiet"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            while not manifest.is_file() and run.poll() is None:
                time.sleep(0.01)
            run.kill()
            expect(manifest.is_file(), f"{config} cannot be run: {run.stderr.read()}")
        return json.loads(manifest.read_text())["config_blake3"]


def misreport(kolmo, folder):
    """A copy of the sweep in which theory is told another exponent, by configurations that the runs seem to be made with, has to
    disagree."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place, "misreported")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("checkpoints", "tensorboard"))
        plan = json.loads(Path(copy, "plan.json").read_text())
        before = list(plan["runs"])
        for k, name in enumerate(before):
            run = copy / "runs" / name
            config, manifest = run / "config.toml", run / "manifest.json"
            text = config.read_text()
            if "exponent = 1.5" not in text:
                continue
            config.write_text(text.replace("exponent = 1.5", "exponent = 1.15"))
            made = json.loads(manifest.read_text())
            made["config_blake3"] = identity(kolmo, config)
            manifest.write_text(json.dumps(made))
            # A run of a sweep is called by its hash.
            plan["runs"][k] = made["config_blake3"][: len(name)]
            run.rename(run.with_name(plan["runs"][k]))
        # A plan that does not seal itself is one of an earlier build.
        del plan["plan_blake3"]
        Path(copy, "plan.json").write_text(json.dumps(plan))
        expect(plan["runs"] != before, f"{folder} has no world of exponent 1.5")
        output = subprocess.run([kolmo, "report", copy, "--json", "-q"], check=True, capture_output=True, text=True).stdout
        verdicts = {v["claim"]: v["verdict"] for v in json.loads(output)["verdicts"]}
        for which in ("exact curve", "1 - alpha"):
            found = verdicts[f"data_scaling/Zipf 1.15/{which}"]
            expect(found == "disagrees", f"told an exponent of 1.15 for 1.5, {which} {found}")
    passed("a law that is misreported to the theory disagrees")
