#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the npm packages that a folder's package-lock.json names, unless they are there already. No package's script is run.
#
#   scripts/npm-ci.sh [FOLDER...]      default: tests/npm
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

for tool in node npm; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing: run scripts/setup.sh, or build with --no-metadata-hash"
done
for folder in "${@:-tests/npm}"; do
    cd "$ERGON_ROOT/$folder"
    stamp=node_modules/.ergon-lock
    if ! cmp -s package-lock.json "$stamp"; then
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
        cp package-lock.json "$stamp"
    fi
done
