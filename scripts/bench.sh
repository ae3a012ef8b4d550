#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The CPU backend beside its peer, onnxruntime's int8 product, on this machine and in turns: whole rounds (inputs, product, digests, tree)
# against the peer's bare product.
#
#   scripts/bench.sh [--shape s|m] [--threads N] [--turns N] [--format text|json]
#
#   --shape     what is multiplied (default m: 4096 x 4096 x 8192)
#   --threads   of both (default: all)
#   --turns     how often each is measured, one after the other; the best of each counts (default 3)
#   --format    lines for people (text) or one JSON object
#   --help      this text
#
# Needs the worker's release build (scripts/build.sh) and Python with venv; the peer comes from PyPI into the target folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

shape=m
threads="$(nproc)"
turns=3
format=text
while (($# > 0)); do
    case "$1" in
        --shape) shape="${2:?--shape wants s or m}" && shift ;;
        --threads) threads="${2:?--threads wants a number}" && shift ;;
        --turns) turns="${2:?--turns wants a number}" && shift ;;
        --format) format="${2:?--format wants text or json}" && shift ;;
        --help | -h)
            sed -n '3,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "bench.sh does not know '$1' (see --help)" ;;
    esac
    shift
done
case "$shape" in
    s) size=(1024 1024 4096) ;;
    m) size=(4096 4096 8192) ;;
    *) die "--shape: '$shape' is not s or m" ;;
esac
[[ "$threads" =~ ^[1-9][0-9]*$ ]] || die "--threads: '$threads' is not a number from 1"
[[ "$turns" =~ ^[1-9][0-9]*$ ]] || die "--turns: '$turns' is not a number from 1"
[[ "$format" == text || "$format" == json ]] || die "--format: '$format' is not text or json"

worker="$CARGO_TARGET_DIR/release/ergon-worker"
[[ -x "$worker" ]] || die "$worker is missing: run scripts/build.sh first"
peer="$CARGO_TARGET_DIR/peer"
requirements="$ERGON_ROOT/scripts/peer/requirements.txt"
if ! cmp -s "$requirements" "$peer/requirements.txt"; then
    python3 -m venv --clear "$peer" >&2
    "$peer/bin/pip" install --quiet --no-deps --requirement "$requirements" >&2
    cp "$requirements" "$peer/requirements.txt"
fi

ours="$(mktemp)"
theirs="$(mktemp)"
trap 'rm -f "$ours" "$theirs"' EXIT
for ((turn = 1; turn <= turns; turn++)); do
    say "turn $turn of $turns"
    "$peer/bin/python" "$ERGON_ROOT/scripts/peer/matmul_integer.py" "${size[@]}" "$threads" 5 >>"$theirs"
    "$worker" bench --backend cpu --shape "$shape" --threads "$threads" --seconds 10 --format json | tr -d '\n' >>"$ours"
    printf '\n' >>"$ours"
done
command="scripts/bench.sh --shape $shape --threads $threads --turns $turns"
"$peer/bin/python" "$ERGON_ROOT/scripts/peer/compare.py" "$shape" "$format" "$command" "$ours" "$theirs"
