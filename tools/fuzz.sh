#!/usr/bin/env bash
# Fuzzes targets one after another, each for the time $1: fuzz.sh 60s python:FuzzUVLock …
# A target is its folder below internal/ and its name; without any, all there are.
#
# A finding ends the run, and the input that fails is kept in testdata/fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
  local time=$1 target
  shift
  if (($# == 0)); then
    # shellcheck disable=SC2046 # one word a target
    set -- $(all)
  fi
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  for target in "$@"; do
    fuzz "$time" "${target%%:*}" "${target##*:}"
  done
}

all() {
  grep -rE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' internal |
    sed -nE 's,^internal/(.*)/[^/]*_test\.go:func (Fuzz[A-Za-z0-9_]*).*,\1:\2,p' | LC_ALL=C sort
}

fuzz() {
  local time=$1 folder=$2 name=$3
  echo "fuzzing $folder $name for $time"
  if ! grep -qE "^func $name\(" "internal/$folder"/*_test.go; then
    echo "there is no fuzz target $name in internal/$folder" >&2
    return 1
  fi
  if go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "./internal/$folder" >"$log" 2>&1; then
    tail -n 3 "$log" | head -n 1
    return
  fi
  # Before Go 1.27 the end of the time may be taken for a failure of the target:
  # go.dev/issue/75804. Only a finding names an input or a seed.
  if grep -qE '^ +context deadline exceeded$' "$log" &&
    ! grep -qE 'Failing input written|seed corpus|panic:|hung or terminated|_test\.go:' "$log"; then
    echo "the time was up"
    return
  fi
  cat "$log" >&2
  return 1
}

main "$@"
