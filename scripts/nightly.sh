#!/usr/bin/env bash
# What is slow and seldom fails, as a whole; .ci/run has a sample of each. Two hours at most on two cores. Run it every night,
# and before closing a change to what it covers: checkpoints and resuming, sweeps, Slurm, the report and its verdicts, devices.
# docs/reliability.md says when it last passed, and with which counts.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/parts.sh
source scripts/python.sh

kolmo=target/release/kolmo

prepare() {
  install_python
  if ! command -v parallel > /dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends parallel
  fi
  cargo build --release
}

# The whole experiments in small, and every verdict of their report made again by others' packages.
reproduce() {
  local quick=runs/reproduce/quick
  rm -rf "$quick"
  "$kolmo" reproduce --quick
  "$python" scripts/check_verdicts.py "$quick/report.json" "$quick"/*/
  "$python" scripts/check_verdicts.py --misreport "$kolmo" "$quick/data_scaling"
}

kill_runs() {
  "$python" scripts/soak.py "$kolmo" --kills 200 --leave target/ci-killed
  "$python" scripts/check_run.py target/ci-killed
}

kill_sweeps() {
  "$python" scripts/soak_sweep.py "$kolmo" --kills 20 --leave target/ci-sweep
  "$python" scripts/check_sweep.py target/ci-sweep
}

# The tables of a run with every bit of them turned; the tests of .ci/run turn a sample.
every_bit() {
  KOLMO_EVERY_BIT=1 cargo test --release -p kolmo -p kolmo-run --lib -- parquet_file
}

# Every test of the operations under valgrind, with as many cases as a plain test has.
memory_safety() {
  PROPTEST_CASES=256 scripts/check_memory_safety.sh
}

# What a step asks of a GPU, and every launch of a step of 4096 positions; the test has an eighth of them.
workgroups() {
  source scripts/swiftshader.sh
  cargo build --release --features gpu,ndarray
  cargo test --release --features gpu,ndarray --test tests -- gpu_costs
  "$python" scripts/gpu_costs.py --cubes "$kolmo"
}

part "build" prepare
part "kills of a run" kill_runs
part "kills of a sweep" kill_sweeps
part "every call fails, power cuts, disasters" "$python" scripts/check_faults.py "$kolmo"
part "something else in the place of a file" "$python" scripts/fuzz_run_files.py "$kolmo" --cases 1000
part "every bit of the tables" every_bit
part "memory of a long run" "$python" scripts/check_memory.py "$kolmo" --steps 20000
part "names" "$python" scripts/fuzz_names.py "$kolmo" --cases 1000
part "the same results twice" "$python" scripts/same_results.py "$kolmo" "$kolmo"
part "Slurm and GNU parallel" "$python" scripts/check_slurm.py "$kolmo"
part "all experiments in small" reproduce
part "memory safety" memory_safety
# These two build other binaries.
part "workgroups of a GPU" workgroups
part "SPIR-V" scripts/check_devices.sh
