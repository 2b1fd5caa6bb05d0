# A long check in parts, each with the seconds it took. Source it: `part NAME COMMAND ...` runs a part, and when the script
# ends, however that is, it prints a table of them.

part_names=()
part_seconds=()
part_running=""

part() {
  part_running=$1
  shift
  local begun=$SECONDS
  printf '\n== %s\n' "$part_running"
  "$@"
  part_names+=("$part_running")
  part_seconds+=($((SECONDS - begun)))
  part_running=""
}

parts_end() {
  local status=$?
  printf '\n%-44s %8s\n' part seconds
  local k
  for k in "${!part_names[@]}"; do
    printf '%-44s %8d\n' "${part_names[$k]}" "${part_seconds[$k]}"
  done
  printf '%-44s %8d\n' all "$SECONDS"
  if [ -n "$part_running" ]; then
    printf 'failed in: %s\n' "$part_running"
  fi
  return "$status"
}
trap parts_end EXIT
