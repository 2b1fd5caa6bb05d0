#!/usr/bin/env bash
# Parity of every backend a machine without a GPU can run, in a build with SPIR-V: flex, ndarray, and SwiftShader. The
# last is known to compute wrong numbers from SPIR-V (docs/devices.md); this says so if it no longer does.
# A part of scripts/nightly.sh; run it after every change of Burn. WGSL is checked by .ci/run, whose build lacks vulkan.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/swiftshader.sh
cargo test --release --features vulkan,ndarray --test tests -- --nocapture --skip software parity
cargo run --release --features vulkan,ndarray -- devices --check
if cargo run --release --features vulkan,ndarray -- devices --check --device software 2>/dev/null; then
  echo "SPIR-V on SwiftShader agrees with flex by now: correct docs/devices.md, and let this script insist on it" >&2
  exit 1
fi
echo "SPIR-V on SwiftShader still computes wrong numbers, as docs/devices.md says"
