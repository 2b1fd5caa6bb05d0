#!/usr/bin/env bash
# Training steps of kolmo and of PyTorch in turns, on the CPU: a table of tokens/s and their ratio.
#
#   scripts/bench_against_torch.sh [--rounds 5] [--threads 2] [--arch gpt|llama] [--compile|--eager|--both] [--raw FILE]
#
# PyTorch is installed into target/torch, unless TORCH_PYTHON names a Python that has it. kolmo is built,
# unless KOLMO names a binary.
set -euo pipefail
cd "$(dirname "$0")/.."

case " $* " in *" -h "* | *" --help "*) exec python3 scripts/bench_against_torch.py --help ;; esac

if [ -z "${TORCH_PYTHON:-}" ]; then
    export TORCH_PYTHON="$PWD/target/torch/bin/python"
    if ! "$TORCH_PYTHON" -c "import torch, numpy" 2>/dev/null; then
        python3 -m venv target/torch
        target/torch/bin/pip install --quiet torch numpy
    fi
fi
if [ -z "${KOLMO:-}" ]; then
    cargo build --release --quiet
    export KOLMO="$PWD/target/release/kolmo"
fi
exec python3 scripts/bench_against_torch.py "$@"
