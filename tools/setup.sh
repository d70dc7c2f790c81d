#!/bin/sh
# Builds .venv from requirements/dev.txt, every file checked against its hash.
#   1. Make the environment anew only if it is absent or its Python no longer runs.
#   2. Install exactly the locked versions.
#   3. Install this package itself, editable, with the build backend that step 2 brought.
# Usage: sh tools/setup.sh PYTHON
set -eu
python=$1
cd "$(dirname "$0")/.."

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Bowerbird needs Python 3.11 or newer; '$python' is older. Say which one: make setup PYTHON=python3.11" >&2
    exit 1
}
.venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
