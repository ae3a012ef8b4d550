#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the npm packages that tests/npm/package-lock.json names, unless they are there already. No package's script is run.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

cd "$ERGON_ROOT/tests/npm"
for tool in node npm; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing: run scripts/setup.sh, or build with --no-metadata-hash"
done
stamp=node_modules/.ergon-lock
if ! cmp -s package-lock.json "$stamp"; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json "$stamp"
fi
