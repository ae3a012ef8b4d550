#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs NVRTC, CUDA's run-time compiler, beside the build, so that machines without CUDA compile the worker's kernels in tests.
# Prints the folder of the library; nothing, and why on stderr, where it cannot be had.
#
#   LD_LIBRARY_PATH="$(scripts/nvrtc.sh)" ERGON_REQUIRE_NVRTC=1 cargo test ...
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

# One wheel of PyPI, by version and hash: for x86_64 and for aarch64.
wheel="nvidia-cuda-nvrtc-cu12==12.9.86 \
--hash=sha256:210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4 \
--hash=sha256:096d4de6bda726415dfaf3198d4f5c522b8e70139c97feef5cd2ca6d4cd9cead"

venv="$CARGO_TARGET_DIR/nvrtc"
library() { compgen -G "$venv/lib/python3*/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12"; }

if ! library >/dev/null; then
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        say "no NVRTC: python3 with venv is missing (Debian: python3-venv)"
        exit 0
    fi
    mkdir -p "$CARGO_TARGET_DIR"
    if ! { python3 -m venv --clear "$venv" &&
        printf '%s\n' "$wheel" >"$venv/wheel.txt" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
            --requirement "$venv/wheel.txt"; } >&2; then
        say "no NVRTC: PyPI's wheel could not be installed"
        exit 0
    fi
fi
dirname "$(library)"
