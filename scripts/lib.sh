# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share. Everything for humans goes to stderr: stdout belongs to results.

# Cargo unifies features over the packages that it is asked for together: another set builds other variants of the same
# dependencies. So everything in release is asked for in one of these two sets, and nothing with dev-dependencies is in the first.
# shellcheck disable=SC2034  # read by those that source this file
NODE_PACKAGES=(-p ergon-node)
# shellcheck disable=SC2034
WORKER_PACKAGES=(-p ergon-worker -p ergon-e2e)

say() { printf '%s\n' "$*" >&2; }
die() {
    say "error: $*"
    exit 1
}

# heading TEXT: one line that stands out among the compiler's.
heading() { printf '\n==> %s\n' "$*" >&2; }

# elapsed SECONDS: 75 -> 1 min 15 s
elapsed() {
    if (($1 >= 60)); then
        printf '%d min %02d s' "$(($1 / 60))" "$(($1 % 60))"
    else
        printf '%d s' "$1"
    fi
}

metadata_hash_file() { printf '%s/release/ergon-metadata-hash' "$CARGO_TARGET_DIR"; }

# Prints the metadata hash that the last build put into the runtime; nothing if there was none.
stored_metadata_hash() {
    local file hash
    file="$(metadata_hash_file)"
    [[ -r "$file" ]] || return 0
    hash="$(<"$file")"
    if [[ "$hash" =~ ^0x[0-9a-f]{64}$ ]]; then printf '%s' "$hash"; fi
}

# cargo for the node in release: with the runtime's metadata hash in the environment, always the same way, since a change of
# this variable rebuilds the runtime and the node.
cargo_node() {
    local hash
    hash="$(stored_metadata_hash)"
    if [[ -n "$hash" ]]; then
        RUNTIME_METADATA_HASH="$hash" cargo "$@"
    else
        cargo "$@"
    fi
}
