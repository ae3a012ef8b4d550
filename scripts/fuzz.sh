#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the real runtime: random calls, blocks and censuses, every invariant checked after each step (tests/fuzz/README.md).
#
#   scripts/fuzz.sh [--seconds N] [--steps N] [--seed S] [--format text|json] [--thorough] [--most-violations N]
#                   [--jobs N] [--first-world W]
#   scripts/fuzz.sh --replay FILE...      plays files of the corpus, step by step
#
#   --seconds   stop after so many seconds (60 if nothing is said)
#   --steps     stop after so many steps
#   --seed      where the randomness begins (1): the same seed does the same
#   --format    the report on stdout: text, or one JSON document with `steps`, `calls` and `violations`. Progress goes to stderr.
#   --first-world  the number of the first world (0): with --steps 1500, one world again
#   --jobs      worlds at a time (1), each on its own thread; what a world does does not depend on it
#   --thorough  compare the whole state around every refused call, not only around some
#   --help      this text
#
# Exit code: 0 if there was no violation, else 1.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

arguments=()
limited=false
replay=false
while (($# > 0)); do
    case "$1" in
        --help | -h)
            sed -n '3,17s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        --replay)
            replay=true
            shift
            arguments+=("$@")
            break
            ;;
        --seconds | --steps | --seed | --format | --most-violations | --jobs | --first-world)
            [[ -n "${2:-}" ]] || die "$1 wants a value"
            if [[ "$1" == --seconds || "$1" == --steps ]]; then limited=true; fi
            arguments+=("$1" "$2")
            shift
            ;;
        --thorough) arguments+=("$1") ;;
        *) die "fuzz.sh does not know '$1' (see --help)" ;;
    esac
    shift
done

# No Wasm: the runtime runs natively here, so that what it does can be looked at.
SKIP_WASM_BUILD=1 cargo build --locked --profile fuzz --package ergon-fuzz >&2
fuzzer="$CARGO_TARGET_DIR/fuzz/ergon-fuzz"

if $replay; then
    exec "$fuzzer" replay --trace "${arguments[@]}"
fi
if ! $limited; then arguments+=(--seconds 60); fi
exec "$fuzzer" run "${arguments[@]}"
