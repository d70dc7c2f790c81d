#!/usr/bin/env bash
# Makes Debian's own Prometheus and Alertmanager available to the prometheus tests.
#
# 1. Used where they are; installed from Debian where we are root, and kept from starting servers that nobody
#    asked for. (Unpacking them elsewhere is not enough: Debian's Alertmanager reads its templates from /usr/share.)
# 2. Their programs are linked into a cache folder under the names that Prometheus itself gives them.
#
# Prints that folder. Exits 3 with one sentence when this machine cannot have them; the sentence is kept beside
# the folder, and the skipped tests repeat it. BOWERBIRD_PROMETHEUS=off skips it all.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/bowerbird
folder=$cache/prometheus
reason=$folder.reason
packages=(prometheus prometheus-alertmanager)
mkdir -p "$cache"

give_up() {
  echo "$1" >"$reason"
  echo "$1" >&2
  exit 3
}

have() {
  command -v prometheus >/dev/null && command -v promtool >/dev/null && { command -v prometheus-alertmanager || command -v alertmanager; } >/dev/null
}

apt_install() {
  # A policy of "do not start" keeps the packages from starting servers that nobody asked for.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2 ||
    { apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2; }
}

[ "${BOWERBIRD_PROMETHEUS:-}" != off ] || give_up "BOWERBIRD_PROMETHEUS=off was set when it was to be installed."
exec 9>"$folder.lock"
flock 9
if ! have; then
  [ "$(id -u)" = 0 ] || give_up "Prometheus is not installed (as root: apt-get install ${packages[*]})."
  command -v apt-get >/dev/null || give_up "Prometheus is not installed, and this machine has no Debian packages."
  echo "Installing Debian's Prometheus and Alertmanager (once, about 60 MB) ..." >&2
  apt_install || give_up "Debian's packages ${packages[*]} could not be installed (is the mirror reachable?)."
  have || give_up "Debian's packages brought no Prometheus that can be found."
fi
rm -rf "$folder" "$reason"
mkdir "$folder"
for name in prometheus promtool amtool alertmanager; do
  path=$(command -v "$name" || command -v "prometheus-$name") && ln -s "$path" "$folder/$name"
done
echo "$folder"
