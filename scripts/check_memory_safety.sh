#!/usr/bin/env bash
# The tests of the operations under valgrind: no read or write outside of what was allocated, none of what was never
# written. It plays a CPU with AVX2, so these are the kernels it sees; the peak of the machine is not for it.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind > /dev/null; then
  apt-get update -qq
  apt-get install -y -qq valgrind
fi
# Without features, as the tests of the whole workspace, so that Burn is not built again for these.
PROPTEST_CASES="${PROPTEST_CASES:-64}" cargo test --release -p kolmo -p kolmo-kernels --lib \
  --config "target.'cfg(all())'.runner = ['valgrind', '--quiet', '--error-exitcode=9']" -- --skip peak::
