#!/usr/bin/env bash
# Builds the archive of a release for this machine with GoReleaser, lays it into a
# filesystem mirror as the README says, and plans a configuration with it. The
# archive is left in dist/. Run it through testbed.sh, which names the CLI.
# GORELEASER names a GoReleaser that is built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=0.1.0
os=$(go env GOOS)
arch=$(go env GOARCH)
host=${TF_ACC_PROVIDER_HOST:-registry.terraform.io}

sed -e "s/^    goos: .*/    goos: [$os]/" -e "s/^    goarch: .*/    goarch: [$arch]/" .goreleaser.yml >"$work/goreleaser.yml"
printf 'snapshot:\n  version_template: "%s"\n' "$version" >>"$work/goreleaser.yml"
if [[ -n ${GORELEASER:-} ]]; then
  goreleaser=("$GORELEASER")
else
  goreleaser=(go run github.com/goreleaser/goreleaser/v2@v2.14.0)
fi
"${goreleaser[@]}" release --snapshot --clean --skip=sign,publish --config "$work/goreleaser.yml"

archive=terraform-provider-layerbuild_${version}_${os}_${arch}.zip
(cd dist && grep " $archive\$" "terraform-provider-layerbuild_${version}_SHA256SUMS")
mirror=$work/mirror/$host/layerbuild/layerbuild
mkdir -p "$mirror" "$work/project"
cp "dist/$archive" "$mirror/"
cat >"$work/cli.tfrc" <<CONFIG
provider_installation {
  filesystem_mirror {
    path    = "$work/mirror"
    include = ["layerbuild/layerbuild"]
  }
  direct {
    exclude = ["layerbuild/layerbuild"]
  }
}
CONFIG
cat >"$work/project/main.tf" <<CONFIG
terraform {
  required_providers {
    layerbuild = {
      source  = "layerbuild/layerbuild"
      version = "~> 0.1"
    }
  }
}

resource "layerbuild_package" "deps" {
  runtimes = ["python3.12"]
  python   = { requirements = ["idna==3.7"] }
}
CONFIG
export TF_CLI_CONFIG_FILE=$work/cli.tfrc
"$TF_ACC_TERRAFORM_PATH" -chdir="$work/project" init -input=false
"$TF_ACC_TERRAFORM_PATH" -chdir="$work/project" plan -input=false
echo "snapshot: dist/$archive installs and plans"
