#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the calls of pallets in the real runtime's Wasm and writes their weights. Not part of CI: the figures are the machine's.
#
#   scripts/weights.sh [--steps N] [--repeat N] [PALLET...]
#
#   PALLET     as the runtime's benchmarks name it (pallet_compute_assets, frame_system, pallet_balances, …);
#              default: Ergon's own. Ours are written to pallets/*/src/weights.rs, others to runtime/src/weights/.
#   --steps    points on each component's range (default 50)
#   --repeat   runs of each point (default 20)
#   --list     what the runtime can benchmark
#   --help     this text
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

steps=50
repeat=20
list=false
pallets=()
while (($# > 0)); do
    case "$1" in
        --steps) steps="${2:?--steps wants a number}" && shift ;;
        --repeat) repeat="${2:?--repeat wants a number}" && shift ;;
        --list) list=true ;;
        --help | -h)
            sed -n '3,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        -*) die "weights.sh does not know '$1' (see --help)" ;;
        *) pallets+=("$1") ;;
    esac
    shift
done
if ((${#pallets[@]} == 0)); then
    pallets=(pallet_compute_assets pallet_proof_of_compute pallet_fractional_ownership pallet_reward_distribution
        pallet_asset_governance pallet_lp_tokens)
fi

heading "the bencher"
# The storage benchmark's own test runtime is not ours to measure: leave its Wasm out.
SKIP_FRAME_STORAGE_ACCESS_TEST_RUNTIME_WASM_BUILD=1 cargo build --locked --release --package ergon-bencher
bencher="$CARGO_TARGET_DIR/release/ergon-bencher"

heading "the runtime's Wasm with benchmarks"
# In a target directory of its own, so that the node's Wasm never carries them. `check` runs the build script, which builds the
# Wasm, and spares the native code.
benchmarks="$CARGO_TARGET_DIR/runtime-benchmarks"
env -u SKIP_WASM_BUILD CARGO_TARGET_DIR="$benchmarks" \
    cargo check --locked --release --package ergon-runtime --features runtime-benchmarks
wasm="$benchmarks/release/wbuild/ergon-runtime/ergon_runtime.compact.compressed.wasm"
[[ -s "$wasm" ]] || die "the build left no Wasm at $wasm"

if $list; then
    exec "$bencher" --runtime "$wasm" --genesis-builder runtime --list --pallet '*' --extrinsic '*'
fi

for pallet in "${pallets[@]}"; do
    folder="pallets/$(sed -e 's/^pallet_//' -e 's/_/-/g' <<<"$pallet")"
    if [[ -d "$folder" ]]; then
        output="$folder/src/weights.rs"
        template=scripts/weights-template.hbs
    else
        output="runtime/src/weights/$pallet.rs"
        template=scripts/weights-runtime-template.hbs
        mkdir -p runtime/src/weights
    fi
    heading "$pallet → $output"
    "$bencher" --runtime "$wasm" --genesis-builder runtime --min-duration 0 --pallet "$pallet" --extrinsic '*' \
        --steps "$steps" --repeat "$repeat" --template "$template" --output "$output"
done
