#!/usr/bin/env bash
# Keeps what cargo has built of other people's packages between clones on one machine, as hosted CIs do.
#
#     scripts/ci_cache.sh restore     before the first build of a clone
#     scripts/ci_cache.sh save        after the last one
#
# The folder is KOLMO_CI_CACHE, or kolmo-ci in the user's cache folder; an entry in it is named by Cargo.lock and the
# compiler, and the two newest are kept. Without a cache, or where the folder cannot be read or written, everything is built.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${KOLMO_CI_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/kolmo-ci}
key=$({ cat Cargo.lock; rustc -vV; } | sha256sum | cut -c1-16)
entry=$folder/$key
build=target/release

# Everything but what is made of this workspace, which cargo tells from another clone's by its path.
others() {
  (cd "$build" && find .fingerprint build deps -mindepth 1 -maxdepth 1 \
    ! -name '*kolmo*' ! -name 'tests-*' ! -name 'kernels-*' ! -name 'predictors-*' -print0 | sort -z)
}

case ${1:-} in
  restore)
    if [ -e "$build" ]; then
      echo "cache: $build is there already"
    elif [ -d "$entry" ]; then
      mkdir -p target
      cp -a --reflink=auto "$entry" "$build.part"
      mv "$build.part" "$build"
      echo "cache: took $entry ($(du -sh "$build" | cut -f1))"
    else
      echo "cache: no entry $key in $folder"
    fi
    ;;
  save)
    if [ -d "$entry" ] && cmp -s <(ls "$entry/.fingerprint") <(others | tr '\0' '\n' | sed -n 's|^.fingerprint/||p'); then
      touch "$entry"
      echo "cache: $entry has it all"
      exit 0
    fi
    mkdir -p "$folder"
    part=$(mktemp -d "$folder/part-XXXXXX")
    trap 'rm -rf "$part"' EXIT
    others | tar -C "$build" --null -T - -cf - | tar -C "$part" -xf -
    rm -rf "$entry"
    mv "$part" "$entry"
    touch "$entry"
    find "$folder" -mindepth 1 -maxdepth 1 -type d ! -name 'part-*' -printf '%T@ %p\n' |
      sort -rn | tail -n +3 | cut -d' ' -f2- | xargs -r rm -rf
    echo "cache: kept $entry ($(du -sh "$entry" | cut -f1))"
    ;;
  *)
    echo "usage: scripts/ci_cache.sh restore|save" >&2
    exit 2
    ;;
esac
