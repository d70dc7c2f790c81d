#!/bin/sh
# Finds a Chromium that really starts, or installs one, and prints its path on standard output.
#   1. Look: $CHROMIUM, then the usual names on PATH, then Playwright's own. Each must answer `--version`,
#      because some systems ship a stub that only advertises a package, and a download may lack libraries.
#   2. Install: Playwright's own download; then, as root on Debian and its kin, the system's package.
#   3. Look again. Without one, say loudly what will not work, and still succeed: the rest needs no browser.
cd "$(dirname "$0")/.." || exit 1

starts() {
    command -v "$1" >/dev/null 2>&1 && "$1" --version >/dev/null 2>&1
}

own() { # Playwright's own Chromium for the version that is locked, whether downloaded yet or not
    .venv/bin/python -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null
}

find_chromium() {
    for candidate in ${CHROMIUM:+"$CHROMIUM"} chromium chromium-browser google-chrome google-chrome-stable; do
        if starts "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    downloaded=$(own)
    [ -n "$downloaded" ] && starts "$downloaded" && echo "$downloaded"
}

debian_root() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

if [ -n "$CHROMIUM" ] && ! starts "$CHROMIUM"; then
    echo "!! CHROMIUM=$CHROMIUM does not start; looking for another." >&2
fi
find_chromium && exit 0

echo "No Chromium found; asking Playwright for one (about 170 MB) ..." >&2
.venv/bin/playwright install chromium >/dev/null 2>&1 && find_chromium && exit 0

if debian_root; then
    echo "Playwright's did not come or does not start; installing Debian's package ..." >&2
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1
    find_chromium && exit 0
fi

echo "
!! No Chromium could be found or installed. Posting through a web page will not work, and the tests
!! marked 'browser' will be skipped. Install Chromium, or name one: CHROMIUM=/path/to/chromium make ...
" >&2
