#!/bin/sh
# Writes requirements/run.txt (what the product needs), requirements/dev.txt (that and the workshop) and
# requirements/bench.txt (all that and what the benches are held against).
# Every version is pinned with the hashes of all its files; no registry's address is written down.
# Without --upgrade a version that is already pinned stays.
# Usage: sh tools/lock.sh [--upgrade]
set -eu
cd "$(dirname "$0")/.."

lock() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" pyproject.toml "$@"
}

lock --output-file requirements/run.txt "$@"
lock --output-file requirements/dev.txt --group dev --constraint requirements/run.txt "$@"
lock --output-file requirements/bench.txt --group dev --group bench --constraint requirements/dev.txt "$@"
echo "requirements/run.txt, dev.txt and bench.txt are up to date."
