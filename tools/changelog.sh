#!/usr/bin/env bash
# Folds the notes of .changes/unreleased into CHANGELOG.md as the section of
# version $1 and removes them. .changes/README.md says how a note looks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=${1:-}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$ ]] || { echo "changelog: not a version: '$version'" >&2; exit 2; }
shopt -s nullglob
notes=(.changes/unreleased/*.md)
((${#notes[@]})) || { echo "changelog: no notes in .changes/unreleased" >&2; exit 1; }

kinds=(breaking security feature enhancement fix)
headings=('Breaking changes' Security Features Enhancements Fixes)
for note in "${notes[@]}"; do
  kind=$(sed -n '1s/^kind: //p' "$note")
  [[ -n $kind && " ${kinds[*]} " == *" $kind "* ]] || { echo "changelog: $note: the first line must be 'kind: ' and one of: ${kinds[*]}" >&2; exit 1; }
done

new=$(mktemp)
{
  sed -n '1,/^$/p' CHANGELOG.md
  echo "## $version ($(date -u +%F))"
  for i in "${!kinds[@]}"; do
    heading=
    for note in "${notes[@]}"; do
      [[ $(head -n 1 "$note") == "kind: ${kinds[i]}" ]] || continue
      [[ -n $heading ]] || { heading=${headings[i]}; printf '\n### %s\n\n' "$heading"; }
      # The text after the empty line becomes one list item.
      sed '1,/^$/d' "$note" | sed '1s/^/- /; 2,$s/^\(.\)/  \1/'
    done
  done
  echo
  sed '1,/^$/d' CHANGELOG.md
} >"$new"
cat "$new" >CHANGELOG.md
rm "$new" "${notes[@]}"
