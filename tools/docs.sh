#!/usr/bin/env bash
# Writes the provider's documentation into the folder named by $1, relative to
# the root. Run it through testbed.sh, which names the CLI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -o "$work/" .
cat >"$work/cli.tfrc" <<CONFIG
provider_installation {
  dev_overrides { "layerbuild/layerbuild" = "$work" }
  direct {}
}
CONFIG
cat >"$work/main.tf" <<CONFIG
terraform {
  required_providers {
    layerbuild = { source = "layerbuild/layerbuild" }
  }
}
CONFIG

# The generator looks the provider up by its short name; the CLI answers with
# the full address, whose host depends on the CLI.
TF_CLI_CONFIG_FILE=$work/cli.tfrc "$TF_ACC_TERRAFORM_PATH" -chdir="$work" providers schema -json |
  sed -E 's#"[a-z.]+/layerbuild/layerbuild"#"layerbuild"#' >"$work/schema.json"

mkdir -p "$out"
cd tools
go tool tfplugindocs generate --provider-dir .. --provider-name layerbuild --rendered-provider-name layerbuild \
  --providers-schema "$work/schema.json" --rendered-website-dir "$out" >/dev/null
