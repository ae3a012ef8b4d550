#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the dependency arrows of docs/architecture.md: who may depend on whom.
#
#   scripts/arrows.sh [--manifest-path FILE]
#   scripts/arrows.sh --self-test     builds little workspaces with one forbidden arrow each and expects them to be refused
#
# A crate of the workspace that has no line in `may_use` is refused too: who adds a crate says here what it may know.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

# Arrows between our own crates, in what is shipped.
may_use() {
    case "$1" in
        compute-proof | compute-primitives) echo "" ;;
        pallet-proof-of-compute) echo "compute-primitives compute-proof" ;;
        pallet-asset-governance | pallet-compute-assets | pallet-fractional-ownership | pallet-lp-tokens | pallet-reward-distribution)
            echo "compute-primitives"
            ;;
        ergon-runtime)
            echo "compute-primitives compute-proof pallet-asset-governance pallet-compute-assets" \
                "pallet-fractional-ownership pallet-lp-tokens pallet-proof-of-compute pallet-reward-distribution"
            ;;
        ergon-node) echo "ergon-runtime compute-primitives" ;;
        ergon-worker) echo "compute-proof" ;;
        ergon-e2e) echo "compute-proof" ;;
        ergon-fuzz)
            echo "ergon-runtime compute-primitives compute-proof pallet-asset-governance pallet-compute-assets" \
                "pallet-fractional-ownership pallet-lp-tokens pallet-proof-of-compute pallet-reward-distribution"
            ;;
        ergon-bencher) echo "" ;;
        *) return 1 ;;
    esac
}

# Arrows that only tests may follow, besides those above and a crate's own to itself with more features.
may_use_in_tests() {
    case "$1" in
        ergon-runtime | pallet-proof-of-compute | ergon-worker | ergon-e2e) echo "compute-proof" ;;
        *) echo "" ;;
    esac
}

# Crates from outside that must not be among the direct dependencies.
never_directly() {
    case "$1" in
        ergon-worker | ergon-e2e) echo '^(sp|sc|frame|pallet|substrate)-' ;;
        *) echo '^$' ;;
    esac
}

# Crates from outside that must not be anywhere below.
never_below() {
    case "$1" in
        compute-proof) echo '^(sp|sc|frame|pallet|substrate)-' ;;
        compute-primitives | pallet-*) echo '^(sc-|pallet-assets$)' ;;
        ergon-runtime | ergon-fuzz) echo '^sc-' ;;
        ergon-worker | ergon-e2e) echo '^(sc-.*|pallet-.*|frame-(support|system|executive|benchmarking)|sp-(runtime|io|core|api|state-machine|externalities)|compute-primitives|ergon-runtime)$' ;;
        *) echo '^$' ;;
    esac
}

manifest="$ERGON_ROOT/Cargo.toml"

# names CRATE EDGES [OPTION...]: the crates below CRATE along these edges, itself left out, one a line.
names() {
    local crate="$1" edges="$2"
    shift 2
    cargo tree --manifest-path "$manifest" --package "$crate" --edges "$edges" --all-features --target all \
        --prefix none --format '{p}' "$@" | awk 'NR > 1 && NF { print $1 }' | sort -u
}

errors=0
forbidden() {
    say "forbidden: $1 → $2 ($3)"
    errors=$((errors + 1))
}

check() {
    local members crate dependency below direct
    members="$(cargo tree --manifest-path "$manifest" --workspace --depth 0 --prefix none --format '{p}' | awk 'NF { print $1 }' | sort -u)"
    for crate in $members; do
        if ! may_use "$crate" >/dev/null; then
            say "forbidden: $crate has no rule in scripts/arrows.sh"
            errors=$((errors + 1))
            continue
        fi
        direct="$(names "$crate" normal,build --depth 1)"
        for dependency in $direct; do
            if grep -x -e "$dependency" <<<"$members" >/dev/null &&
                ! grep -w -e "$dependency" <<<"$(may_use "$crate")" >/dev/null; then
                forbidden "$crate" "$dependency" "direct"
            fi
            if [[ "$dependency" =~ $(never_directly "$crate") ]]; then
                forbidden "$crate" "$dependency" "direct, from outside"
            fi
        done
        for dependency in $(names "$crate" dev --depth 1); do
            if [[ "$dependency" != "$crate" ]] && grep -x -e "$dependency" <<<"$members" >/dev/null &&
                ! grep -w -e "$dependency" <<<"$(may_use "$crate") $(may_use_in_tests "$crate")" >/dev/null; then
                forbidden "$crate" "$dependency" "in tests"
            fi
        done
        if [[ "$(never_below "$crate")" != '^$' ]]; then
            below="$(names "$crate" normal)"
            for dependency in $below; do
                if [[ "$dependency" =~ $(never_below "$crate") ]]; then
                    forbidden "$crate" "$dependency" "somewhere below"
                fi
            done
        fi
    done
    check_backends "$(dirname "$manifest")/worker/src/prover"
}

# One proving backend must not know another: they meet in the trait only.
check_backends() {
    local folder="$1" file backend other
    [[ -d "$folder" ]] || return 0
    local backends=()
    for file in "$folder"/*; do
        backend="$(basename "$file" .rs)"
        backends+=("$backend")
    done
    for file in "$folder"/*; do
        backend="$(basename "$file" .rs)"
        for other in "${backends[@]}"; do
            # `pool` runs several devices side by side, `choice` chooses among them: they are no backends.
            [[ "$other" == "$backend" || " $other $backend " =~ \ (pool|choice)\  ]] && continue
            if grep -rnE "(super|prover)::$other\b" "$file" >&2; then
                forbidden "worker backend $backend" "backend $other" "by path"
            fi
        done
    done
}

self_test() {
    local scratch failed=0
    scratch="$(mktemp -d)"
    # shellcheck disable=SC2064  # the folder is known now
    trap "rm -rf '$scratch'" EXIT

    # crate FOLDER NAME: an empty library.
    crate() {
        mkdir -p "$1/$2/src"
        : >"$1/$2/src/lib.rs"
        printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n' "$2" >"$1/$2/Cargo.toml"
    }
    # workspace NAME: what is allowed, in little.
    workspace() {
        local folder="$scratch/$1" name
        mkdir -p "$folder"
        printf '[workspace]\nresolver = "2"\nmembers = ["*"]\nexclude = ["outside"]\n' >"$folder/Cargo.toml"
        for name in compute-proof compute-primitives pallet-compute-assets pallet-proof-of-compute ergon-worker; do
            crate "$folder" "$name"
        done
        for name in sp-core sp-runtime middle; do crate "$folder/outside" "$name"; done
        printf 'sp-core = { path = "../sp-core" }\n' >>"$folder/outside/middle/Cargo.toml"
        arrow "$1" pallet-compute-assets ../compute-primitives
        arrow "$1" pallet-proof-of-compute ../compute-proof
        arrow "$1" ergon-worker ../compute-proof
    }
    # arrow WORKSPACE CRATE PATH
    arrow() { printf '%s = { path = "%s" }\n' "$(basename "$3")" "$3" >>"$scratch/$1/$2/Cargo.toml"; }
    # expect WORKSPACE TEXT: refused with a line that holds TEXT; with no TEXT, accepted.
    expect() {
        local output status=0
        output="$(CARGO_NET_OFFLINE=true "${BASH_SOURCE[0]}" --manifest-path "$scratch/$1/Cargo.toml" 2>&1)" || status=$?
        if [[ -z "${2:-}" ]]; then
            if ((status != 0)); then
                say "self-test: $1 should pass: $output"
                failed=1
            fi
        elif ((status != 1)) || ! grep -F -e "$2" <<<"$output" >/dev/null; then
            say "self-test: $1 should be refused with '$2', but (exit $status): $output"
            failed=1
        fi
    }

    workspace allowed
    expect allowed
    workspace sibling
    arrow sibling pallet-proof-of-compute ../pallet-compute-assets
    expect sibling 'pallet-proof-of-compute → pallet-compute-assets (direct)'
    workspace sibling-in-tests
    printf '[dev-dependencies]\n' >>"$scratch/sibling-in-tests/pallet-proof-of-compute/Cargo.toml"
    arrow sibling-in-tests pallet-proof-of-compute ../pallet-compute-assets
    expect sibling-in-tests 'pallet-proof-of-compute → pallet-compute-assets (in tests)'
    workspace proof-knows-substrate
    arrow proof-knows-substrate compute-proof ../outside/middle
    expect proof-knows-substrate 'compute-proof → sp-core (somewhere below)'
    workspace worker-knows-substrate
    arrow worker-knows-substrate ergon-worker ../outside/sp-runtime
    expect worker-knows-substrate 'ergon-worker → sp-runtime (direct, from outside)'
    workspace worker-knows-pallet
    arrow worker-knows-pallet ergon-worker ../pallet-compute-assets
    expect worker-knows-pallet 'ergon-worker → pallet-compute-assets (direct)'
    workspace fuzzer
    crate "$scratch/fuzzer" ergon-fuzz
    arrow fuzzer ergon-fuzz ../compute-proof
    arrow fuzzer ergon-fuzz ../pallet-compute-assets
    expect fuzzer
    workspace pallet-knows-fuzzer
    crate "$scratch/pallet-knows-fuzzer" ergon-fuzz
    arrow pallet-knows-fuzzer pallet-compute-assets ../ergon-fuzz
    expect pallet-knows-fuzzer 'pallet-compute-assets → ergon-fuzz (direct)'
    workspace fuzzer-knows-client
    crate "$scratch/fuzzer-knows-client" ergon-fuzz
    crate "$scratch/fuzzer-knows-client/outside" sc-service
    arrow fuzzer-knows-client ergon-fuzz ../outside/sc-service
    expect fuzzer-knows-client 'ergon-fuzz → sc-service (somewhere below)'
    workspace stranger
    crate "$scratch/stranger" newcomer
    expect stranger 'newcomer has no rule'
    workspace backends
    mkdir -p "$scratch/backends/ergon-worker/src" "$scratch/backends/worker/src/prover/cpu"
    : >"$scratch/backends/worker/src/prover/cuda.rs"
    printf 'use super::super::prover::cuda::Kernel;\n' >"$scratch/backends/worker/src/prover/cpu/amx.rs"
    printf '[package]\nname = "ergon-e2e"\nversion = "0.0.0"\nedition = "2021"\n' >"$scratch/backends/worker/Cargo.toml"
    : >"$scratch/backends/worker/src/lib.rs"
    expect backends 'worker backend cpu → backend cuda'

    ((failed == 0)) || die "the arrow check does not catch what it should"
    say "self-test: every forbidden arrow was caught"
}

case "${1:-}" in
    "") ;;
    --self-test)
        self_test
        exit 0
        ;;
    --manifest-path) manifest="${2:?--manifest-path wants a file}" ;;
    *) die "arrows.sh does not know '$1'" ;;
esac
check
((errors == 0)) || die "$errors forbidden arrow(s); the rules stand in scripts/arrows.sh and docs/architecture.md"
say "all dependency arrows are allowed"
