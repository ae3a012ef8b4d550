# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by every script here, and worth sourcing before a cargo call of your own:
# says where is built, and with which linker.

ERGON_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export ERGON_ROOT

if ! command -v cargo >/dev/null 2>&1 && [[ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
fi

# In CI every run is a fresh clone: a target directory outside of it spares rebuilding a thousand dependencies.
if [[ -z "${CARGO_TARGET_DIR:-}" ]]; then
    if [[ -n "${CI:-}" ]]; then
        CARGO_TARGET_DIR="$HOME/.cache/ergon/target"
    else
        CARGO_TARGET_DIR="$ERGON_ROOT/target"
    fi
fi
export CARGO_TARGET_DIR
if [[ -n "${CI:-}" ]]; then
    export CARGO_INCREMENTAL="${CARGO_INCREMENTAL:-0}"
fi

# The Wasm builder looks for Cargo.lock upwards from the target directory. Outside the clone it would find none, and resolve
# the runtime's dependencies afresh: this hint keeps them pinned.
export WASM_BUILD_WORKSPACE_HINT="$ERGON_ROOT"

# mold, where the compiler's driver knows it. Cargo's fingerprints hold these flags letter by letter: change them and all is rebuilt.
if [[ -z "${CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS:-}" ]] && command -v mold >/dev/null 2>&1 &&
    cc -fuse-ld=mold -Wl,--version 2>/dev/null | grep -q '^mold'; then
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C link-arg=-fuse-ld=mold"
fi
