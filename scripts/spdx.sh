#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks that every source file of the repository names its licence in the first line (the second, after a #! line).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

line='SPDX-License-Identifier: Apache-2.0'
checked=0
missing=0
while IFS= read -r -d '' file; do
    [[ -f "$file" ]] || continue # deleted, not committed yet
    checked=$((checked + 1))
    # Only the head, and without a pipe: head would be told off by a closed one.
    first='' second=''
    { IFS= read -r first && IFS= read -r second; } <"$file" || true
    if [[ "$first" == '#!'* ]]; then first="$second"; fi
    if [[ "$first" != *"$line"* ]]; then
        say "no SPDX line: $file"
        missing=$((missing + 1))
    fi
done < <(git ls-files -z --cached --others --exclude-standard -- \
    '*.rs' '*.sh' '*.mjs' '*.js' '*.ts' '*.tsx' '*.cu' '*.cuh' '*.cpp' '*.hpp' '*.hbs' '*.py' .ci/run)

((checked > 0)) || die "found no source file: is this a git checkout?"
((missing == 0)) || die "$missing of $checked source files lack '$line'"
say "$checked source files name their licence"
