#!/usr/bin/env bash
# The tests of the operations under valgrind: no read or write outside of what was allocated, none of what was never
# written. It plays a CPU with AVX2, so these are the kernels it sees; the peak of the machine is not for it.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind > /dev/null; then
  apt-get update -qq
  apt-get install -y -qq valgrind
fi
tests=$(cargo test --release -p kolmo-kernels --lib --no-run --message-format json |
  sed -n 's/.*"executable":"\([^"]*kolmo_kernels[^"]*\)".*/\1/p' | tail -1)
PROPTEST_CASES="${PROPTEST_CASES:-64}" valgrind --quiet --error-exitcode=9 "$tests" --skip peak::
