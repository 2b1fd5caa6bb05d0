"""Disks that fill up, folders that vanish, damaged checkpoints, files in the way. Each check has a folder of its own, and a run of
some hundred milliseconds to be disturbed."""

import errno
import itertools
import os
import shutil
import signal
import subprocess
import time

import runs
from checks import Failure, expect, passed, skipped

NOBODY = 65534


class Disasters:
    def __init__(self, bench):
        self.bench = bench
        self.config = runs.write_config(
            bench.folder / "long.toml", 100, evaluations=4, every_s=0.0, keep_last=3
        )
        self.reference = bench.folder / "undisturbed long"
        self.finish(self.reference)
        self.mounted = []
        self.numbers = itertools.count(1)
        self.as_nobody = {}
        if os.geteuid() == 0:
            self.as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def place(self):
        folder = self.bench.folder / f"disaster-{next(self.numbers)}"
        folder.mkdir()
        folder.chmod(0o777)
        return folder

    def start(self, run, **options):
        command = runs.command(self.bench.binary, self.config, run)
        return subprocess.Popen(
            command,
            env=self.bench.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def train(self, run, *more, config=None, **options):
        return self.bench.train(run, *more, config=config or self.config, **options)

    def finish(self, run, **options):
        return runs.finish(self.bench.binary, self.config, run, env=self.bench.env, **options)

    def at_work(self, run, step=20):
        """A process that has trained `step` steps and goes on."""
        process = self.start(run)
        while runs.newest_checkpoint(run) < step:
            expect(process.poll() is None, f"{run}: it ended before it could be disturbed")
            time.sleep(0.0005)
        return process

    def killed(self, folder, step=20):
        run = folder / "run"
        process = self.at_work(run, step)
        process.kill()
        process.communicate()
        expect(not (run / "DONE").exists(), f"{run}: it was done before it was killed")
        return run

    def compare(self, run):
        runs.compare(self.reference, run)

    def mount(self, *arguments):
        done = subprocess.run(["mount", *map(str, arguments)], stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 0:
            self.mounted.append(arguments[-1])
        return done.returncode == 0

    def unmount(self, place, *lazily):
        subprocess.run(["umount", *lazily, str(place)], check=True)
        self.mounted.remove(place)

    def close(self):
        for place in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(place)], check=False)

    def refused(self, result, *words, codes=(1,)):
        """A failure that is told as it should be."""
        said = result.stdout.strip() if isinstance(result.stdout, str) else ""
        expect(result.returncode in codes, f"exit code {result.returncode}, not {codes}: {said}")
        expect("panicked" not in said, said)
        for word in words:
            expect(str(word) in said, f"the message does not say {word}: {said}")
        return said

    def full_disk(self):
        """A small disk fills up; then it has room."""
        disk = self.place()
        if not self.mount("-t", "tmpfs", "-o", "size=64m", "kolmo-faults", disk):
            skipped("a full disk: mounting is not permitted")
            return
        self.bench.finish(disk / "run")
        state = os.statvfs(disk)
        need = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
        self.unmount(disk)
        failed = 0
        sizes = list(range(4, need + 64, 8 if self.bench.every == 1 else 32))
        for size in sizes:
            run = disk / "run"
            self.mount("-t", "tmpfs", "-o", f"size={size}k", "kolmo-faults", disk)
            for _ in range(2):
                result = self.bench.train(run)
                if result.returncode != 0:
                    self.refused(result, os.strerror(errno.ENOSPC), run)
                    failed += 1
            self.mount("-o", "remount,size=64m", disk)
            self.mounted.remove(disk)
            if result.returncode != 0 or "warning" not in result.stdout:
                self.bench.finish(run)
                runs.compare(self.bench.reference, run)
            self.unmount(disk)
        passed(
            f"a full disk: {len(sizes)} disks of {sizes[0]} to {sizes[-1]} KiB, {failed} attempts failed and "
            "said why, and all runs went on when there was room"
        )

    def read_only(self):
        """A folder that may not be written."""
        place = self.place()
        try:
            subprocess.run(
                [self.bench.binary, "--version"], stdout=subprocess.PIPE, check=True, **self.as_nobody
            )
        except (OSError, subprocess.CalledProcessError):
            skipped("read-only folders: the program is not for everyone to run")
            return
        denied = os.strerror(errno.EACCES)
        shut = place / "shut"
        shut.mkdir(mode=0o555)
        self.refused(self.train(shut / "run", **self.as_nobody), denied, shut / "run")

        run = self.killed(place)
        before = {path: runs.read(path) for path in run.rglob("*") if path.is_file()}
        set_modes(run, 0o555, 0o444)
        self.refused(self.train(run, **self.as_nobody), denied, run)
        found = {path: runs.read(path) for path in run.rglob("*") if path.is_file()}
        expect(found == before, f"{run}: a read-only run was changed")
        set_modes(run, 0o755, 0o644)
        self.finish(run)
        self.compare(run)
        set_modes(run, 0o555, 0o444)
        expect(
            self.train(run, **self.as_nobody).returncode == 0,
            f"{run}: a finished read-only run cannot be shown",
        )
        # Or whoever is not root cannot tidy up.
        set_modes(run, 0o755, 0o644)
        passed(
            "read-only folders: refused with the cause, unchanged, resumed when writable; "
            "a finished run is shown"
        )

        disk = self.place()
        run = self.killed(disk)
        if not (self.mount("--bind", disk, disk) and self.mount("-o", "remount,bind,ro", disk)):
            skipped("a read-only file system: mounting is not permitted")
            return
        self.mounted.remove(disk)
        self.refused(self.train(run), os.strerror(errno.EROFS), run)
        self.unmount(disk)
        self.finish(run)
        self.compare(run)
        passed("a read-only file system: refused with the cause, resumed when writable")

    def vanished(self):
        """The run directory goes while it trains."""
        place = self.place()
        run, away = place / "run", place / "away"
        process = self.at_work(run)
        run.rename(away)
        said, _ = process.communicate(timeout=60)
        process.stdout = said
        self.refused(process, run, "vanished")
        expect(not run.exists(), f"{run}: a folder that was gone was made again: {list(place.rglob('*'))}")
        away.rename(run)
        self.finish(run)
        self.compare(run)
        passed("a run directory that vanishes: said so, not made again, resumed when it is back")

    def vanished_disk(self):
        self.vanished_mount("with the run in it", "run")

    def vanished_root(self):
        self.vanished_mount("that is the run directory", "")

    def vanished_mount(self, title, inner):
        disk, view = self.place(), self.place()
        if not self.mount("--bind", disk, view):
            skipped("a disk that vanishes: mounting is not permitted")
            return
        process = self.at_work(view / inner)
        self.unmount(view, "-l")
        said, _ = process.communicate(timeout=60)
        process.stdout = said
        left = sorted(str(path.relative_to(view)) for path in view.rglob("*"))
        self.finish(disk / inner)
        self.compare(disk / inner)
        self.refused(process, view / inner)
        expect(
            not left, f"a disk {title} vanished, and in the folder it was mounted on there is {left}: {said}"
        )
        passed(f"a disk {title} vanishes: said so, nothing left behind, resumed when it is back")

    def unreadable_configuration(self):
        place = self.place()
        wrong = place / "wrong.toml"
        cases = [
            ("missing", os.strerror(errno.ENOENT)),
            ("a folder", "directory"),
            ("not text", "UTF-8"),
        ]
        if self.as_nobody or os.geteuid() != 0:
            cases.append(("shut", os.strerror(errno.EACCES)))
        for case, word in cases:
            if case == "a folder":
                wrong.mkdir()
            elif case == "not text":
                wrong.rmdir()
                wrong.write_bytes(b"seed = 1 # \xff\n")
            elif case == "shut":
                wrong.chmod(0)
            options = self.as_nobody if case == "shut" else {}
            try:
                result = self.train(place / "run", config=wrong, **options)
            except PermissionError:
                continue
            self.refused(result, wrong, word, codes=(1, 2))
            expect(not (place / "run").exists(), f"a configuration that is {case} made a run directory")
        passed(f"a configuration that is {', '.join(case for case, _ in cases)}: refused with the cause")

    def event_files_and_plots(self):
        """What a run can do without is a file where a folder should be."""
        wrong = []
        for name in ("tensorboard", "figures"):
            for begun in (False, True):
                place = self.place()
                run = self.killed(place) if begun else place / "run"
                run.mkdir(exist_ok=True)
                shutil.rmtree(run / name, ignore_errors=True)
                (run / name).write_text("a file\n")
                result = self.train(run)
                try:
                    self.refused(result, "warning", run / name, codes=(0,))
                    runs.compare(self.reference, run, figures=name != "figures")
                except Failure as failure:
                    wrong.append(f"a file named {name}, {'resumed' if begun else 'new'} run: {failure}")
        expect(not wrong, "\n".join(wrong))
        passed("a file where tensorboard/ or figures/ should be: a warning, and the run is done")

    def in_the_way(self):
        for name in ("checkpoints", "metrics.jsonl", "facts.parquet", "manifest.json", ".lock", "DONE"):
            run = self.place() / "run"
            run.mkdir()
            if name == "checkpoints":
                (run / name).write_text("a file\n")
            else:
                (run / name / "full").mkdir(parents=True)
            result = self.train(run)
            self.refused(result, run / name, "is in the way", codes=(2,))
            expect((run / name).exists(), f"{run / name} was removed, and is not kolmo's")
            shutil.rmtree(run / name) if (run / name).is_dir() else (run / name).unlink()
            expect(not os.listdir(run), f"{run}: refused, and yet there is {os.listdir(run)}")
            self.finish(run)
            self.compare(run)
        passed("other files and folders in the way: named, and the run begins without them")

    def no_terminal(self):
        for stream in ("full", "closed"):
            run = self.place() / "run"
            command = [
                str(self.bench.binary),
                "train",
                str(self.config),
                "--device",
                "flex",
                "--run-dir",
                str(run),
            ]
            if stream == "full":
                with open("/dev/full", "w", encoding="utf-8") as full:
                    process = subprocess.Popen(
                        [*command, "--json"], env=self.bench.env, stdout=full, stderr=full
                    )
            else:
                process = subprocess.Popen(
                    command, env=self.bench.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
                )
                process.stdout.close()
            code = process.wait(60)
            expect(
                (run / "DONE").is_file(),
                f"output to what is {stream}: exit code {code}, and the run is not done",
            )
            self.compare(run)
        passed("nobody reads the messages (/dev/full, a closed pipe): the run is done all the same")

    def two_at_once(self):
        run = self.place() / "run"
        process = self.at_work(run, 5)
        second = self.train(run)
        process.communicate(timeout=60)
        if second.returncode != 0:
            self.refused(second, run, f"process {process.pid}")
        expect(process.returncode == 0, f"{run}: the first of two processes ended with {process.returncode}")
        self.compare(run)
        passed("a second process in the same directory: refused, and told which is there")

    def impatient(self):
        """Ctrl-C twice: the second one does not wait for the step."""
        config = runs.write_config(
            self.bench.folder / "slow.toml", 4, batch=16384, evaluations=1, every_s=0.0
        )
        undisturbed = self.place() / "run"
        runs.finish(self.bench.binary, config, undisturbed, env=self.bench.env)
        for _ in range(10):
            run = self.place() / "run"
            process = subprocess.Popen(
                runs.command(self.bench.binary, config, run),
                env=self.bench.env,
                stderr=subprocess.PIPE,
                text=True,
            )
            while runs.newest_checkpoint(run) < 1:
                time.sleep(0.0005)
            process.send_signal(signal.SIGINT)
            time.sleep(0.005)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            runs.finish(self.bench.binary, config, run, env=self.bench.env)
            runs.compare(undisturbed, run)
            if process.returncode == -signal.SIGINT:
                passed("Ctrl-C twice: gone at once, and resumed")
                return
            # The step was over before the second one.
            expect(process.returncode == 75, f"Ctrl-C twice: exit code {process.returncode}")
        raise Failure("Ctrl-C twice: it has never left at once")

    def damaged(self):
        """Checkpoints that are not what they were."""

        def flip(path):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 16
            path.write_bytes(content)

        ways = {
            "changed": flip,
            "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
            "removed": os.unlink,
        }
        start = self.killed(self.place())
        newest = runs.newest_checkpoint(start)
        older = runs.checkpoints(start)[-2]
        count = 0
        for name in sorted(os.listdir(start / f"checkpoints/step-{newest:08}")):
            for word, way in ways.items():
                run = self.place() / "run"
                shutil.copytree(start, run)
                way(run / f"checkpoints/step-{newest:08}" / name)
                result = self.train(run)
                self.refused(result, "warning", f"step-{newest:08}", codes=(0,))
                begun = runs.sessions(run)[-1]["from_step"]
                expect(begun == older, f"{name} was {word}, and the run went on from {begun}, not {older}")
                self.compare(run)
                shutil.rmtree(run)
                count += 1
        run = self.place() / "run"
        shutil.copytree(start, run)
        for step in runs.checkpoints(run):
            flip(run / f"checkpoints/step-{step:08}" / "model.safetensors")
        self.refused(self.train(run), run, "--resume never")
        expect(self.train(run, "--resume", "never").returncode == 0, f"{run}: --resume never does not help")
        self.compare(run)
        passed(
            f"damaged checkpoints: {count} kinds of damage noticed, the older one taken; "
            "none left: --resume never"
        )

    def damaged_for_a_while(self):
        """Files that are damaged, and then restored: no step is lost."""
        start = self.killed(self.place())
        newest = runs.newest_checkpoint(start)
        for name in ("metrics.jsonl", "evaluations.jsonl", "facts.parquet"):
            run = self.place() / "run"
            shutil.copytree(start, run)
            sound = runs.read(run / name)
            (run / name).write_bytes(b"{}\n" + sound[40:])
            self.refused(self.train(run), run / name)
            (run / name).write_bytes(sound)
            said = self.finish(run)
            begun = runs.sessions(run)[-1]["from_step"]
            expect(
                begun == newest,
                f"{name} was damaged for a while, and the run went on from {begun}, not {newest}: {said}",
            )
            self.compare(run)
        passed(
            "a damaged metrics.jsonl, evaluations.jsonl or facts.parquet: named, and once restored resumed where "
            "it was"
        )


def set_modes(folder, folders, files):
    for path in [folder, *folder.rglob("*")]:
        path.chmod(folders if path.is_dir() else files)


def disasters(bench, findings):
    all_of_them = Disasters(bench)
    try:
        for name in (
            "full_disk",
            "read_only",
            "vanished",
            "vanished_disk",
            "vanished_root",
            "unreadable_configuration",
            "event_files_and_plots",
            "in_the_way",
            "no_terminal",
            "two_at_once",
            "impatient",
            "damaged",
            "damaged_for_a_while",
        ):
            try:
                getattr(all_of_them, name)()
            except Failure as failure:
                print(f"FAILED {name.replace('_', ' ')}", flush=True)
                findings.append(str(failure))
    finally:
        all_of_them.close()
