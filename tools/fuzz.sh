#!/usr/bin/env bash
# Fuzzes targets, each for the time or the number of inputs $1, as many side by
# side as there are processors: fuzz.sh 60s python:FuzzUVLock …
# With a number, as in 20000x, the search begins with the same seed and without
# what earlier runs found, so that two runs try almost the same inputs: a gate
# should not fail by chance. With a time, every run tries others.
# A target is a folder below internal/ that it lies in, at any depth, and its
# name; without any, all there are.
#
# A finding fails the run, and the input that fails is kept in testdata/fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
  local time=$1
  shift
  if [[ $time == --one ]]; then
    fuzz "$1" "${2%%:*}" "${2##*:}"
    return
  fi
  if (($# == 0)); then
    # shellcheck disable=SC2046 # one word a target
    set -- $(all)
  fi
  printf '%s\n' "$@" | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I '{}' tools/fuzz.sh --one "$time" '{}'
}

all() {
  grep -rE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' internal |
    sed -nE 's,^internal/(.*)/[^/]*_test\.go:func (Fuzz[A-Za-z0-9_]*).*,\1:\2,p' | LC_ALL=C sort
}

fuzz() {
  local time=$1 folder=$2 name=$3 files
  files=$(grep -rlE "^func $name\(" --include='*_test.go' "internal/$folder") || true
  if [[ $(wc -l <<<"$files") != 1 || -z $files ]]; then
    echo "there is not one fuzz target $name in internal/$folder" >&2
    return 1
  fi
  folder=$(dirname "${files#internal/}")
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  local fixed=()
  if [[ $time == *x ]]; then
    inputs=$(mktemp -d)
    trap 'rm -rf "$log" "$inputs"' EXIT
    export GODEBUG="${GODEBUG:+$GODEBUG,}fuzzseed=1"
    fixed=(-args "-test.fuzzcachedir=$inputs")
  fi
  # An input is made small in a few steps or not at all: it would cost the time.
  if go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x -parallel 1 "./internal/$folder" "${fixed[@]}" >"$log" 2>&1; then
    echo "$folder $name: $(grep -oE 'execs: [0-9]+' "$log" | tail -n 1)"
    return
  fi
  # Before Go 1.27 the end of the time may be taken for a failure of the target:
  # go.dev/issue/75804. Only a finding names an input or a seed.
  if grep -qE '^ +context deadline exceeded$' "$log" &&
    ! grep -qE 'Failing input written|seed corpus|panic:|hung or terminated|_test\.go:' "$log"; then
    echo "$folder $name: the time was up"
    return
  fi
  cat "$log" >&2
  return 1
}

main "$@"
