#!/usr/bin/env bash
# The testbed is what the tests, the docs and the demo need beside Go, all of it
# below .testbed: a Python environment with two AWS stand-ins and the tools that
# layers are compared with, a Terraform-compatible CLI, and a browser.
#
#   testbed.sh setup       make both, or do nothing where they are up to date
#   testbed.sh lock        pin requirements.in in requirements.txt, with hashes
#   testbed.sh tofu        build OpenTofu even if a CLI is on PATH
#   testbed.sh arm64       unpack an arm64 Python and an emulator, from Debian's packages
#   testbed.sh cli         print the path of the CLI
#   testbed.sh build NAME VERSION   build terraform or tofu into .testbed/cli and print its path
#   testbed.sh run CMD…    run CMD in the testbed's environment
#
# LAYERBUILD_CLI names another terraform or tofu than the first one on PATH.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
bed=$root/.testbed
venv=$bed/venv
browser=$bed/browser

tofu_version=1.12.6
tofu_sum=h1:0VT4P8pMmGcCUnQ9JDrJ+Qg2d35Vzm4FFd/9+H7oF98=

# A CLI configuration of the user may name mirrors, overrides or a missing file,
# whose warning breaks the parsing of the version.
unset TF_CLI_CONFIG_FILE
export CHECKPOINT_DISABLE=1

# Functions are called alone, never in a list with && or ||, where set -e is off.
main() {
  local verb=${1:-}
  shift || true
  case $verb in
    setup) make_venv; make_browser; if ! find_cli >/dev/null; then make_tofu; fi ;;
    lock) make_venv; lock ;;
    tofu) make_tofu ;;
    arm64) make_arm64 ;;
    build) build_cli "$@" ;;
    cli) find_cli || die "no CLI yet: run 'make testbed'" ;;
    run) run "$@" ;;
    *) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
}

run() {
  local cli
  cli=$(find_cli) || die "no CLI yet: run 'make testbed'"
  export LAYERBUILD_ARM64=$bed/arm64 LAYERBUILD_TESTBED=$venv LAYERBUILD_BROWSER=$browser LAYERBUILD_CHROME=${LAYERBUILD_CHROME:-$browser/tmp/chromium} TF_ACC_TERRAFORM_PATH=$cli
  if is_tofu "$cli"; then
    export TF_ACC_PROVIDER_HOST=registry.opentofu.org
  else
    unset TF_ACC_PROVIDER_HOST
  fi
  # One private authority for all: each tool has a variable of its own for it.
  if [[ -n ${SSL_CERT_FILE:-} ]]; then
    export PIP_CERT=${PIP_CERT:-$SSL_CERT_FILE} REQUESTS_CA_BUNDLE=${REQUESTS_CA_BUNDLE:-$SSL_CERT_FILE} NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$SSL_CERT_FILE}
  fi
  exec "$@"
}

# make_venv rebuilds the environment when its copy of the requirements differs.
# The copy is written last, so a broken installation is never taken for a whole one.
make_venv() {
  local python
  if "$venv/bin/python" -c '' 2>/dev/null && cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    return
  fi
  python=$(find_python) || die "no Python ≥ 3.10 with the venv module on PATH"
  echo "testbed: installing the stand-ins with $python" >&2
  rm -rf "$venv"
  mkdir -p "$bed"
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --no-deps --only-binary=:all: -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/requirements.txt"
}

# make_browser installs Chromium for Linux, which a package of npm holds, and what
# drives it. As above, the copy of the lock is written last.
# The package unpacks the program at its first use: here, since two tests at once
# would start what is half written.
make_browser() {
  if cmp -s "$here/package-lock.json" "$browser/installed.json" && [[ -x $browser/tmp/chromium ]]; then
    return
  fi
  command -v npm >/dev/null || die "no npm on PATH: Node.js ≥ 20 has it"
  echo "testbed: installing a browser with npm" >&2
  rm -rf "$browser"
  mkdir -p "$browser/tmp"
  cp "$here/package.json" "$here/package-lock.json" "$browser/"
  (cd "$browser" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  (cd "$browser" && TMPDIR=$browser/tmp node --input-type=module \
    -e 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()')
  cp "$here/package-lock.json" "$browser/installed.json"
}

lock() {
  (cd "$here" && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error)
  cd "$here"
  "$venv/bin/uv" pip compile --quiet --universal --python-version 3.10 --generate-hashes \
    --no-emit-index-url --custom-compile-command 'make testbed-lock' requirements.in -o requirements.txt
}

# make_tofu builds OpenTofu from its module. 'go install' refuses a module with
# replace directives, so its tree is copied out of the module cache and built.
make_tofu() {
  local src=$bed/opentofu dir
  if is_tofu "$bed/bin/tofu" 2>/dev/null && [[ $(version_of "$bed/bin/tofu") == "$tofu_version" ]]; then
    return
  fi
  echo "testbed: building OpenTofu $tofu_version, which takes some minutes" >&2
  mkdir -p "$bed/bin"
  dir=$(tofu_tree)
  rm -rf "$src"
  cp -R "$dir" "$src"
  chmod -R u+w "$src"
  (cd "$src" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -trimpath \
    -ldflags '-s -w -X github.com/opentofu/opentofu/version.dev=no' -o "$bed/bin/tofu" ./cmd/tofu)
  rm -rf "$src"
}

# tofu_tree prints where the module cache keeps OpenTofu's tree, whose sum it checks.
tofu_tree() {
  local empty answer
  empty=$(mktemp -d)
  answer=$(cd "$empty" && GOFLAGS= GOWORK=off go mod download -json "github.com/opentofu/opentofu@v$tofu_version")
  rmdir "$empty"
  [[ $answer == *"\"Sum\": \"$tofu_sum\""* ]] || die "OpenTofu $tofu_version does not have the pinned sum $tofu_sum"
  sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p' <<<"$answer"
}

# make_arm64 unpacks Debian's Python for arm64 and an emulator of its processor.
# It needs Debian's own apt and dpkg. Nothing is installed.
make_arm64() {
  local bed=$bed/arm64 lists packages=(
    python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libc6 libgcc-s1 libstdc++6 zlib1g
    libexpat1 libssl3 libffi8 libuuid1 libbz2-1.0 liblzma5 libsqlite3-0
  )
  if [[ -e $bed/done ]]; then
    return
  fi
  command -v dpkg >/dev/null && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || die "the arm64 root needs the packages of Debian 12"
  rm -rf "$bed"
  mkdir -p "$bed/lists/partial" "$bed/debs" "$bed/root" "$bed/qemu"
  lists=(-q -o "Dir::State::lists=$bed/lists" -o APT::Architecture=arm64 -o APT::Architectures=arm64
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o Dir::State::status=/dev/null)
  (cd "$bed/debs" && apt-get "${lists[@]}" update && apt-get "${lists[@]}" download "${packages[@]}" && apt-get -q download qemu-user-static)
  for deb in "$bed"/debs/*_arm64.deb; do dpkg -x "$deb" "$bed/root"; done
  dpkg -x "$bed"/debs/qemu-user-static_*.deb "$bed/qemu"
  mv "$bed/qemu/usr/bin/qemu-aarch64-static" "$bed/emulator"
  rm -rf "$bed/lists" "$bed/debs" "$bed/qemu"
  touch "$bed/done"
}

# build_cli builds a version of Terraform or OpenTofu from its module, for tests on
# this machine: Terraform's licence allows no more since 1.6.
build_cli() {
  local name=$1 version=$2 out module package answer src
  out=$bed/cli/$name-$version
  case $name in
    terraform) module=github.com/hashicorp/terraform package=. ;;
    tofu) module=github.com/opentofu/opentofu package=./cmd/tofu ;;
    *) die "only terraform and tofu can be built: $name" ;;
  esac
  if [[ $(version_of "$out") == "$version" ]]; then
    echo "$out"
    return
  fi
  echo "testbed: building $name $version, which takes some minutes" >&2
  src=$(mktemp -d)
  answer=$(cd "$src" && GOFLAGS= GOWORK=off go mod download -json "$module@v$version")
  cp -R "$(sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p' <<<"$answer")" "$src/tree"
  chmod -R u+w "$src/tree"
  mkdir -p "$bed/cli"
  (cd "$src/tree" && drop_backends && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOWORK=off go build -mod=mod -trimpath \
    -ldflags "-s -w -X $module/version.dev=no" -o "$out" "$package")
  rm -rf "$src"
  echo "$out"
}

# drop_backends removes the state backends that are modules of their own, which
# the module of newer versions of Terraform lacks. No test uses them.
drop_backends() {
  local list=internal/backend/init/init.go line alias folder
  grep -o '[a-zA-Z0-9]* "github.com/hashicorp/terraform/internal/backend/remote-state/[a-z0-9-]*"' "$list" | while read -r line; do
    alias=${line%% *} folder=${line##*terraform/}
    if [[ ! -d ${folder%\"} ]]; then
      sed -i.bak "/$alias/d" "$list"
    fi
  done
  sed -n 's/^[[:space:]]*\(replace \)\{0,1\}\(github.com\/hashicorp\/terraform\/[^ ]*\) .*/\2/p' go.mod | sort -u | while read -r line; do
    go mod edit -dropreplace="$line" -droprequire="$line"
  done
}

# find_cli prints the path of the CLI to test with: LAYERBUILD_CLI, terraform or
# tofu from PATH, or the tofu built here. Versions before 1.8 are passed over.
find_cli() {
  local name cli
  if [[ -n ${LAYERBUILD_CLI:-} ]]; then
    cli=$(command -v "$LAYERBUILD_CLI") || die "LAYERBUILD_CLI names no program: $LAYERBUILD_CLI"
    echo "$(cd "$(dirname "$cli")" && pwd)/$(basename "$cli")"
    return
  fi
  for name in terraform tofu "$bed/bin/tofu"; do
    cli=$(command -v "$name") || continue
    if [[ $(version_of "$cli") =~ ^([0-9]+)\.([0-9]+) ]] && (( BASH_REMATCH[1] > 1 || BASH_REMATCH[2] >= 8 )); then
      echo "$cli"
      return
    fi
  done
  return 1
}

find_python() {
  local name
  for name in python3 python3.{14,13,12,11,10}; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# version_of prints "1.12.6" for "OpenTofu v1.12.6" or "Terraform v1.12.6".
version_of() { "$1" version 2>/dev/null | sed -n '1s/.* v//p'; }

is_tofu() { [[ $("$1" version) == OpenTofu* ]]; }

die() {
  echo "testbed: $*" >&2
  exit 1
}

main "$@"
