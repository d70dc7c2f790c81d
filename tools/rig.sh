#!/bin/sh
# Asks the installers of the network, the prometheus and the clock tests for what they need. A machine that cannot
# have it still tests the rest.
cd "$(dirname "$0")/.." || exit 1
bash tests/network/install.sh || echo "
!! Bluesky's own server software could not be installed (see above).
!! The network tests will be skipped, and pytest will say so by name.
" >&2
bash tests/prometheus/install.sh || echo "
!! Prometheus and Alertmanager could not be installed (see above).
!! The prometheus tests will be skipped, and pytest will say so by name.
" >&2
sh tools/faketime.sh || echo "
!! libfaketime could not be installed (see above).
!! What steps a program's clock will be skipped, and says so by name.
" >&2
