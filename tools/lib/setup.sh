# Sourced by the tools beside this folder: installs what is missing, on Debian and its kin through apt-get, on macOS
# through Homebrew. Each step looks first and does nothing where nothing is missing.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

say() { printf '%s\n' "==> $*"; }
die() {
  printf '%s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
on_macos() { [[ $(uname -s) == Darwin ]]; }
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "cannot install packages: not root, and no sudo. Run as root: $*"
  fi
}

apt_is_fresh=no
# install_apt PACKAGE…
install_apt() {
  have apt-get || die "please install with this system's package manager, then run again: $*"
  if [[ $apt_is_fresh == no ]]; then
    say "apt-get update"
    as_root apt-get update -qq
    apt_is_fresh=yes
  fi
  say "apt-get install $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
# install_brew FORMULA…
install_brew() {
  have brew || die "please install Homebrew (https://brew.sh), then run again; needed: $*"
  say "brew install $*"
  brew install "$@"
}

# The Swift toolchain is not installed for you; it must be what Package.swift asks for, or newer.
need_swift() {
  local wanted found
  wanted=$(sed -n '1s/.*swift-tools-version: *//p' Package.swift)
  have swift || die "Swift $wanted or newer is needed and 'swift' is not in the PATH: see https://www.swift.org/install"
  found=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
  if [[ $(printf '%s\n' "$wanted" "$found" | sort -t . -k 1,1n -k 2,2n | head -n 1) != "$wanted" ]]; then
    die "Swift $wanted or newer is needed; 'swift' in the PATH is ${found:-of an unknown version}: see https://www.swift.org/install"
  fi
}

# What the build needs: libzstd and zlib, found through pkg-config.
need_libraries() {
  if on_macos; then
    have pkg-config || install_brew pkgconf
    pkg-config --exists libzstd || install_brew zstd
    return
  fi
  local missing=()
  have git || missing+=(git ca-certificates)
  have pkg-config || missing+=(pkg-config)
  if ! have pkg-config || ! pkg-config --exists libzstd; then missing+=(libzstd-dev); fi
  if ! have pkg-config || ! pkg-config --exists zlib; then missing+=(zlib1g-dev); fi
  if [[ ${#missing[@]} -gt 0 ]]; then install_apt "${missing[@]}"; fi
}

# What the tests need beyond the build: packers and a browser.
need_test_tools() {
  if on_macos; then
    have zstd || install_brew zstd
    if ! have chromium && [[ ! -d "/Applications/Google Chrome.app" && ! -d /Applications/Chromium.app ]]; then
      install_brew --cask google-chrome
    fi
    return
  fi
  local missing=()
  have zstd || missing+=(zstd)
  have gzip || missing+=(gzip)
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
  if [[ ${#missing[@]} -gt 0 ]]; then install_apt "${missing[@]}"; fi
}

# What the benchmarks need: a Python that can make virtual environments.
need_python() {
  if on_macos; then
    have python3 || install_brew python3
    return
  fi
  if ! have python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then install_apt python3 python3-venv; fi
}

# Builds the release binary; its path is in $thalweg afterwards.
thalweg=
build_release() {
  say "swift build -c release --product thalweg"
  swift build -c release --product thalweg
  # shellcheck disable=SC2034 # read by whoever sources this
  thalweg=$(swift build -c release --show-bin-path)/thalweg
}
