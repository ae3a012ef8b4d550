#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Ergon's main job from nothing: installs what is missing, builds, starts a development chain, two workers of different strength and a
# SHA-256d miner, sells a third of one device, lets censuses pass, pays every holder, and shows that the sums agree to the last unit.
#
#   scripts/demo.sh [--keep] [--format text|json]
#
#   --keep      leave the chain and the workers running, and say how to look around and how to stop them
#   --format    how the result is printed on stdout: a table (text) or one JSON document (json). Progress goes to stderr.
#   --help      this text
#
# Exit code: 0 if the whole story went through and the sums agree, else 1.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

keep=false
format=text
while (($# > 0)); do
    case "$1" in
        --keep) keep=true ;;
        --format) format="${2:?--format wants text or json}" && shift ;;
        --format=*) format="${1#--format=}" ;;
        --help | -h)
            sed -n '3,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "demo.sh does not know '$1' (see --help)" ;;
    esac
    shift
done
[[ "$format" == text || "$format" == json ]] || die "--format wants text or json, not '$format'"

base=''
driver=''
finished=false

# Stops whatever the demo started (it all lives in the driver's process group) and removes its folder.
cleanup() {
    local status=$?
    trap - EXIT INT TERM HUP
    if $finished && $keep; then exit "$status"; fi
    if [[ -n "$driver" ]] && kill -0 -- "-$driver" 2>/dev/null; then
        say "stopping what the demo started"
        kill -TERM -- "-$driver" 2>/dev/null || true
        local waited=0
        while kill -0 -- "-$driver" 2>/dev/null && ((waited < 100)); do
            sleep 0.1
            waited=$((waited + 1))
        done
        kill -KILL -- "-$driver" 2>/dev/null || true
    fi
    if [[ -n "$base" && -d "$base" ]]; then
        if ((status != 0)); then
            local log
            while IFS= read -r -d '' log; do
                say ""
                say "--- last lines of $(basename "$log")"
                tail -n 20 "$log" >&2
            done < <(find "$base" -maxdepth 2 -name '*.log' -size +0 -print0)
        fi
        rm -rf "$base"
    fi
    if ((status != 0)); then say "" && say "THE DEMO FAILED (exit $status)"; fi
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

heading "1/3 looking at this machine"
hash_option=()
if command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; then
    scripts/setup.sh
else
    # Only the metadata hash needs Node.js, and no worker sends it: not worth the 400 packages that Debian's npm brings.
    scripts/setup.sh --no-npm
    say "no Node.js here: building without the metadata hash"
    hash_option=(--no-metadata-hash)
fi

heading "2/3 building the node, the worker and the demo (from nothing this takes a while: about a thousand crates)"
started=$SECONDS
scripts/build.sh "${hash_option[@]}" >&2
say "built in $(elapsed $((SECONDS - started)))"

heading "3/3 the demo"
base="$(mktemp -d "${TMPDIR:-/tmp}/ergon-demo.XXXXXX")"
options=(
    --node "$CARGO_TARGET_DIR/release/ergon-node"
    --worker "$CARGO_TARGET_DIR/release/ergon-worker"
    --base-path "$base"
    --format "$format"
)
if $keep; then options+=(--keep); fi

set -m # the driver becomes the leader of a process group of its own, which its children share
"$CARGO_TARGET_DIR/release/ergon-demo" "${options[@]}" </dev/null &
driver=$!
set +m
status=0
wait "$driver" || status=$?
((status == 0)) || exit "$status"
finished=true

if $keep; then
    say ""
    say "The chain and its workers go on. Data and logs: $base"
    say "Stop and clean up:  kill -- -$driver; rm -r $base"
fi
