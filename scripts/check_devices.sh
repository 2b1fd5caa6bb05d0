#!/usr/bin/env bash
# Parity of every backend a machine without a GPU can run: flex, ndarray, and SwiftShader fed SPIR-V.
# Too long for every change (the build with vulkan takes 20 minutes on two cores): run it every night,
# and after every change of Burn. WGSL is checked by .ci/run, whose build lacks vulkan.
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/swiftshader.sh
cargo test --release --features ndarray,vulkan --test tests -- --nocapture parity
cargo run --release --features ndarray,vulkan -- devices --check
cargo run --release --features ndarray,vulkan -- devices --check --device software
