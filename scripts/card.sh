#!/usr/bin/env bash
# Questions to one card, the most important first: some ten minutes. Every question has a time limit and may fail without the others.
#
#   scripts/card.sh [--out DIR] [--kolmo FILE] [--spirv FILE] [--no-torch]
#   scripts/card.sh --dry-run          tiny models, a step each, on a software adapter, without PyTorch: does the script work?
#
# Wants a build with the feature gpu (--kolmo, target/release/kolmo), and for SPIR-V another with vulkan (--spirv; left out where
# there is none). PyTorch with CUDA for the comparison, gcc and Debian's libvulkan-dev for the counts. Answers are lines of DIR/results.jsonl
# and files beside it; docs/gpu_costs.md says what follows from which.
set -uo pipefail
cd "$(dirname "$0")/.."

out=target/card
kolmo=target/release/kolmo
spirv=
torch=yes
dry=
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$2; shift 2 ;;
    --kolmo) kolmo=$2; shift 2 ;;
    --spirv) spirv=$2; shift 2 ;;
    --no-torch) torch=; shift ;;
    --dry-run) dry=yes; torch=; shift ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

kolmo=$(realpath "$kolmo") || exit 2
[ -z "$spirv" ] || spirv=$(realpath "$spirv") || exit 2
mkdir -p "$out"
out=$(realpath "$out")
scripts=$PWD/scripts
configs=$PWD/configs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
results=$out/results.jsonl
: > "$results"
# CubeCL and Burn read their settings from the working directory.
cd "$work"

tiny="--d-model 16 --layers 1 --heads 2 --batch 8 --seq 8 --vocab 64"
if [ -n "$dry" ]; then
  device=software
  limit=900
  shapes=(tiny)
  declare -A sizes=([tiny]=$tiny) steps=([tiny]=1)
  first=tiny
  fast=tiny
  printf '[autotune]\nlevel = "minimal"\n[autotune.bench]\nmin_samples = 1\nmax_samples = 1\n' > "$work/cubecl.toml"
else
  device=wgpu
  limit=90
  shapes=(64 128 256 384 768)
  declare -A sizes=(
    [64]="--d-model 64 --layers 2 --heads 4 --batch 256 --seq 16 --vocab 1024"
    [128]="--d-model 128 --layers 4 --heads 4 --batch 128 --seq 32 --vocab 2048"
    [256]="--d-model 256 --layers 6 --heads 8 --batch 16 --seq 128 --vocab 4096"
    [384]="--d-model 384 --layers 6 --heads 6 --batch 64 --seq 128 --vocab 4096"
    [768]="--d-model 768 --layers 12 --heads 12 --batch 128 --seq 104 --vocab 3500"
  ) steps=([64]=300 [128]=150 [256]=100 [384]=40 [768]=15)
  first=64
  fast=128
  : > "$work/cubecl.toml"
fi

begun=$SECONDS
question() { echo "[$((SECONDS - begun)) s] $*"; }
# Keeps a line of JSON, if there is one, and shows it.
keep() { grep '^{' | tee -a "$results"; }

# One training: NAME BINARY DEVICE FLAGS...
train() {
  local name=$1 binary=$2 on=$3
  shift 3
  timeout $limit python3 "$scripts/card/threads.py" "$name" "$binary" bench train "$@" --device "$on" --json 2>> "$out/errors" | keep
}

question "what is there"
if command -v nvidia-smi > /dev/null; then
  nvidia-smi --query-gpu=name,driver_version,clocks.sm,memory.used --format=csv | tee "$out/card.csv"
  nvidia-smi --query-gpu=timestamp,utilization.gpu,memory.used,power.draw --format=csv,nounits -lms 500 > "$out/smi.csv" &
  watch=$!
fi
"$kolmo" devices --json | tee "$out/devices.json"

question "are its numbers right, fed WGSL and SPIR-V?"
timeout $limit "$kolmo" devices --check --device $device --json > "$out/check-wgsl.json" 2>> "$out/errors"
echo "{\"check\": \"wgsl\", \"exit\": $?}" | keep
if [ -n "$spirv" ]; then
  on=$([ -n "$dry" ] && echo software || echo vulkan)
  timeout $limit "$spirv" devices --check --device $on --json > "$out/check-spirv.json" 2>> "$out/errors"
  echo "{\"check\": \"spirv\", \"exit\": $?}" | keep
fi

question "which kernels take the time, and how many workgroups has each?"
mkdir profile
{ cat cubecl.toml; printf '[profiling.logger]\nlevel = "full"\nfile = "kernels.log"\n'; } > profile/cubecl.toml
(cd profile && timeout $limit "$kolmo" bench train ${sizes[$first]} --steps "${steps[$first]/300/5}" --device $device --json > bench.json) 2>> "$out/errors"
python3 "$scripts/card/kernels.py" profile/kernels.log > "$out/kernels.txt" 2>> "$out/errors"
head -15 "$out/kernels.txt"

question "how fast is a step, and what do the threads of the host do meanwhile?"
for shape in "${shapes[@]}"; do
  train "wgsl-$shape" "$kolmo" $device ${sizes[$shape]} --steps "${steps[$shape]}"
done
if [ -n "$spirv" ] && [ -z "$dry" ]; then
  for shape in 64 256 768; do train "spirv-$shape" "$spirv" vulkan ${sizes[$shape]} --steps "${steps[$shape]}"; done
fi

question "how long is a submission best?"
for tasks in 128 512; do
  CUBECL_WGPU_MAX_TASKS=$tasks train "tasks-$tasks" "$kolmo" $device ${sizes[$fast]} --steps "${steps[$fast]}"
done

question "what does a second process start with?"
train "again" "$kolmo" $device ${sizes[$first]} --steps "${steps[$first]}"

if [ -n "$torch" ]; then
  question "PyTorch: eager, compiled, a whole step in a graph; f32, TF32, bf16"
  for shape in "${shapes[@]}"; do
    timeout $limit python3 "$scripts/card/torch_gpu.py" ${sizes[$shape]} 2>> "$out/errors" | keep
  done
fi

question "is a model of real size right?"
config=$configs/reproduce/base/biography.toml
real=(--set train.documents=384 --set train.batch_documents=128 --set train.warmup_documents=128)
if [ -n "$dry" ]; then
  config=$configs/tiny.toml
  real=(--set train.documents=24 --set train.batch_documents=8 --set train.warmup_documents=8)
fi
for on in $device flex; do
  timeout $limit "$kolmo" -q train "$config" --device $on --run-dir "$work/run-$on" "${real[@]}" \
    --set train.log_every=1 --set eval.evaluations=1 --set eval.facts_per_class=4 2>> "$out/errors"
done
python3 "$scripts/card/compare.py" "$work/run-$device" "$work/run-flex" 2>> "$out/errors" | keep

question "how much do several processes bring?"
for jobs in 2 4; do
  [ -z "$dry" ] || [ $jobs = 2 ] || continue
  processes=()
  for k in $(seq $jobs); do
    timeout $limit "$kolmo" bench train ${sizes[$first]} --steps $((2 * steps[$first])) --device $device --json > "job-$k.json" 2>> "$out/errors" &
    processes+=($!)
  done
  # Not for the one that watches the card.
  wait "${processes[@]}"
  python3 "$scripts/card/together.py" job-*.json 2>> "$out/errors" | keep
done

if [ -n "${watch:-}" ]; then
  kill "$watch"
fi
question "done: $results"
