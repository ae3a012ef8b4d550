#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds ergon-node, ergon-worker and ergon-demo (release), with the metadata hash in the runtime.
#
#   scripts/build.sh [--no-metadata-hash]
#
#   --no-metadata-hash   leave the hash out: wallets that send it are refused, and Node.js is not needed
#   --help               this text
#
# CheckMetadataHash compares what a wallet signed with a hash that must be known when the runtime is compiled, and that can only
# be computed from the compiled runtime's metadata. So the Wasm is built, the hash is computed from it (tests/npm/metadata-hash.mjs), and the Wasm is
# built again with it. The hash does not change the metadata, so the next build starts with the stored hash and needs one pass.
# Why not the Wasm builder's own feature: docs/adr/0007-metadata-hash.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

with_hash=true
for argument in "$@"; do
    case "$argument" in
        --no-metadata-hash) with_hash=false ;;
        --help | -h)
            sed -n '3,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "build.sh does not know '$argument' (see --help)" ;;
    esac
done

wasm="$CARGO_TARGET_DIR/release/wbuild/ergon-runtime/ergon_runtime.compact.wasm"
hash_file="$(metadata_hash_file)"

build_node() { cargo_node build --locked --release "${NODE_PACKAGES[@]}"; }
build_worker() { cargo build --locked --release "${WORKER_PACKAGES[@]}" --bins; }

# The runtime alone, with the features that the node asks of it: a Wasm, and no node around it.
build_runtime() {
    cargo_node build --locked --release "${NODE_PACKAGES[@]}" -p ergon-runtime --lib --no-default-features --features ergon-runtime/std
}

# Prints the hash of the Wasm that was built last.
compute_hash() {
    [[ -s "$wasm" ]] || die "the build left no Wasm at $wasm (is SKIP_WASM_BUILD set?)"
    node "$ERGON_ROOT/tests/npm/metadata-hash.mjs" "$wasm"
}

unset SKIP_WASM_BUILD
if ! $with_hash; then
    rm -f "$hash_file"
    build_node
    build_worker
    exit 0
fi

"$ERGON_ROOT/scripts/npm-ci.sh"
if [[ -z "$(stored_metadata_hash)" ]]; then
    say "no metadata hash yet: building the runtime once without"
    build_runtime
    compute_hash >"$hash_file.new"
    mv "$hash_file.new" "$hash_file"
fi
build_node
hash="$(compute_hash)"
if [[ "$hash" != "$(stored_metadata_hash)" ]]; then
    say "the runtime's metadata changed: building it again with the hash $hash"
    printf '%s\n' "$hash" >"$hash_file"
    build_node
fi
build_worker
say "metadata hash: $hash"
