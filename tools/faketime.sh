#!/bin/sh
# Makes Debian's libfaketime available, by which drills and tests step a program's clock and nobody else's.
# Used where it is; installed where we are root and this machine has Debian packages. Exits 3 with one sentence
# where it cannot be had: what needs it is skipped then, and says so by name.
set -u

have() {
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1
}

have && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "libfaketime is not installed (Debian: apt-get install faketime)." >&2
    exit 3
fi
echo "Installing Debian's libfaketime ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends faketime >&2 ||
    { apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends faketime >&2; }
have || { echo "Debian's package faketime could not be installed (is the mirror reachable?)." >&2; exit 3; }
