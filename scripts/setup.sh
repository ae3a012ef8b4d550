#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes a bare Debian 12 (or Ubuntu) machine ready to build Ergon. Looks first, installs only what is missing.
#
#   scripts/setup.sh [--check] [--no-npm]
#
#   --check    install nothing: say what is missing, exit 1 if anything needed is
#   --no-npm   leave out Node.js, which only the npm tests and the metadata hash need
#   --help     this text
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"

check_only=false
npm=true
for argument in "$@"; do
    case "$argument" in
        --check) check_only=true ;;
        --no-npm) npm=false ;;
        --help | -h)
            sed -n '3,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) die "setup.sh does not know '$argument' (see --help)" ;;
    esac
done

have() { command -v "$1" >/dev/null 2>&1; }

# libclang is looked for as bindgen's users do: in the loader's cache, else where Debian's llvm packages put it.
have_libclang() {
    if have ldconfig && ldconfig -p | grep 'libclang[-.0-9]*\.so' >/dev/null; then return 0; fi
    if [[ -x /sbin/ldconfig ]] && /sbin/ldconfig -p | grep 'libclang[-.0-9]*\.so' >/dev/null; then return 0; fi
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null
}

# The network stack's WebRTC builds its own OpenSSL, whose Configure wants more of perl than Debian's perl-base has.
have_perl() { perl -MFindBin -MIPC::Cmd -MFile::Compare -e 1 2>/dev/null; }

needed=()   # Debian packages without which nothing is built
optional=() # Debian packages that only make it faster, or check more
{ have cc && have make; } || needed+=(build-essential)
have_perl || needed+=(perl)
have protoc || needed+=(protobuf-compiler)
have clang || needed+=(clang)
have_libclang || needed+=(libclang-dev)
have git || needed+=(git)
have curl || needed+=(curl ca-certificates)
if $npm && ! { have node && have npm; }; then needed+=(nodejs npm); fi
have mold || optional+=(mold)
python3 -c 'import ensurepip, venv' 2>/dev/null || optional+=(python3-venv)

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo "$@"
    elif have sudo && [[ -t 0 ]]; then
        sudo "$@"
    else
        return 126
    fi
}

lists_fresh=false
apt_install() {
    if ! $lists_fresh; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 || return 1
        lists_fresh=true
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
}

missing=()
if ((${#needed[@]} + ${#optional[@]} > 0)) && ! $check_only; then
    if ! have apt-get; then
        say "no apt-get here: install by hand what answers to Debian's ${needed[*]} ${optional[*]}"
    else
        if ((${#needed[@]} > 0)); then
            say "installing ${needed[*]}"
            apt_install "${needed[@]}" || say "could not install ${needed[*]} (neither root nor sudo, or no package source)"
        fi
        if ((${#optional[@]} > 0)); then
            say "installing ${optional[*]}"
            apt_install "${optional[@]}" || say "going on without ${optional[*]}"
        fi
    fi
fi

{ have cc && have make; } || missing+=("a C compiler and make (Debian: build-essential)")
have_perl || missing+=("perl with its modules (Debian: perl)")
have protoc || missing+=("protoc (Debian: protobuf-compiler)")
have clang || missing+=("clang (Debian: clang)")
have_libclang || missing+=("libclang (Debian: libclang-dev)")
if $npm; then
    if ! { have node && have npm; }; then
        missing+=("Node.js 18 or newer with npm (Debian: nodejs npm)")
    elif (($(node --print 'process.versions.node.split(".")[0]') < 18)); then
        missing+=("Node.js 18 or newer: this is $(node --version)")
    fi
fi

# The toolchain that rust-toolchain.toml names, and the target that the runtime is built for.
toolchain="$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$ERGON_ROOT/rust-toolchain.toml")"
if ! have cargo; then
    missing+=("Rust $toolchain (https://rustup.rs)")
elif have rustup; then
    # From inside the repository, so that rustup honours rust-toolchain.toml; with RUSTUP_AUTO_INSTALL=0 it does not follow it by itself.
    cd "$ERGON_ROOT"
    installed() { rustup toolchain list 2>/dev/null | grep "^$toolchain" >/dev/null; }
    if ! installed && ! $check_only; then
        say "installing Rust $toolchain"
        rustup toolchain install "$toolchain" --profile minimal --component rustfmt,clippy >&2 || true
    fi
    if ! installed; then
        missing+=("Rust $toolchain (rustup toolchain install $toolchain --component rustfmt,clippy)")
    else
        has_target() { rustup target list --toolchain "$toolchain" --installed 2>/dev/null | grep -x wasm32v1-none >/dev/null; }
        if ! has_target && ! $check_only; then
            say "adding the target wasm32v1-none"
            rustup target add --toolchain "$toolchain" wasm32v1-none >&2 || true
        fi
        has_target || missing+=("the Wasm target (rustup target add --toolchain $toolchain wasm32v1-none)")
        for component in rustfmt clippy; do
            has_component() { rustup component list --toolchain "$toolchain" --installed 2>/dev/null | grep "^$component" >/dev/null; }
            if ! has_component && ! $check_only; then
                rustup component add --toolchain "$toolchain" "$component" >&2 || true
            fi
            has_component || missing+=("$component (rustup component add --toolchain $toolchain $component)")
        done
    fi
elif [[ ! -d "$(rustc --print sysroot)/lib/rustlib/wasm32v1-none" ]]; then
    missing+=("the target wasm32v1-none for $(rustc --version), which is not managed by rustup")
fi

if ((${#missing[@]} > 0)); then
    say "missing on this machine:"
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
fi
have mold || say "note: no mold here, linking takes longer"
python3 -c 'import ensurepip, venv' 2>/dev/null || say "note: no python3-venv here, the CUDA kernels are not compiled in tests"
say "this machine has all that is needed"
