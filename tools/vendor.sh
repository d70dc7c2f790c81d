#!/bin/sh
# Fetch the scripts of other people that the dashboard serves, each at the version named here, through npm's own client.
#
#   tools/vendor.sh
#
# page.js is htmx and idiomorph in one file, for every page loads both; curves.js is uPlot, which only pages with curves
# load. They are committed: neither npm nor Node is needed to build, test or run.
set -eu
HTMX=2.0.11 IDIOMORPH=0.8.0 UPLOT=1.6.32
folder=$(cd "$(dirname "$0")/.." && pwd)/src/bowerbird/dashboard/static/vendor
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
for one in "htmx.org@$HTMX" "idiomorph@$IDIOMORPH" "uplot@$UPLOT"; do
    mkdir -p "${one%@*}"
    tar -xzf "$(npm pack --silent "$one")" -C "${one%@*}" --strip-components 1
done
mkdir -p "$folder"
{
    printf '/* htmx %s, Zero-Clause BSD: licences.txt */\n' "$HTMX"
    cat htmx.org/dist/htmx.min.js
    printf '\n/* idiomorph %s, Zero-Clause BSD: licences.txt */\n' "$IDIOMORPH"
    cat idiomorph/dist/idiomorph.min.js
    printf '\n'
} > "$folder/page.js"
{
    printf '/* uPlot %s, MIT: licences.txt */\n' "$UPLOT"
    cat uplot/dist/uPlot.iife.min.js
} > "$folder/curves.js"
{
    for one in "htmx.org $HTMX" "idiomorph $IDIOMORPH" "uplot $UPLOT"; do
        printf '%s\n\n' "$one"
        cat "${one% *}/LICENSE"
        printf '\n\n'
    done
} > "$folder/licences.txt"
