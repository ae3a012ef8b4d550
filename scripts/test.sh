#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold before a change is merged. CI runs exactly this.
#
#   scripts/test.sh [--quick] [STEP...]
#
#   STEP       run only these steps, in the order of --list
#   --quick    leave out what starts a chain: npm and e2e
#   --list     the steps and what they check
#   --help     this text
#
# Stops at the first step that fails and names it. The log of each step stays in $CARGO_TARGET_DIR/test-logs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$ERGON_ROOT/scripts/lib.sh"
cd "$ERGON_ROOT"

# How dependencies are built in as few variants as possible (the node alone has a thousand):
#   dev      pallets, primitives, runtime, worker, fuzzer, e2e: tests; no sc-* crate, no Wasm
#   dev +    the same with runtime-benchmarks and try-runtime: clippy, which only checks
#   release  the node, and its tests and clippy; the worker and the demo
DEV_PACKAGES=(--workspace --exclude ergon-node --exclude ergon-bencher)

STEPS=(setup format scripts licences arrows no-std clippy tests doc-tests build node npm e2e)

about() {
    case "$1" in
        setup) echo "installs what the machine lacks" ;;
        format) echo "rustfmt over the workspace" ;;
        scripts) echo "the scripts, the container file, the units and the alerts: syntax, and linters where they are installed" ;;
        licences) echo "an SPDX line in every source file; cargo-deny where it is installed" ;;
        arrows) echo "dependency arrows, and that the check catches forbidden ones" ;;
        no-std) echo "compute-proof for wasm32v1-none, without std" ;;
        clippy) echo "clippy over all but the node, benchmarks and try-runtime included; warnings denied" ;;
        tests) echo "unit and integration tests of pallets, primitives, runtime and worker, and a short fuzzing run (dev profile)" ;;
        doc-tests) echo "the examples in the documentation" ;;
        build) echo "node, worker and demo in release, with the metadata hash" ;;
        node) echo "the node's own tests and clippy (release profile)" ;;
        npm) echo "@polkadot/api and polkadot-api against a running node, metadata hash on; the counterparts of the Stratum server" ;;
        e2e) echo "the real node and workers on one chain: crash, cheat, fork, absence" ;;
    esac
}

# Any of those that the tests look for.
have_cxx() {
    local compiler
    for compiler in c++ g++ clang++; do
        if "$compiler" --version >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

have_nextest() { cargo nextest --version >/dev/null 2>&1; }

step_setup() { scripts/setup.sh; }

step_format() { cargo fmt --all -- --check; }

step_scripts() {
    local script
    for script in scripts/*.sh .ci/run; do
        bash -n "$script"
    done
    if command -v shellcheck >/dev/null 2>&1; then
        shellcheck --external-sources --source-path=SCRIPTDIR --source-path=. scripts/*.sh .ci/run
        echo "shellcheck: no complaint"
    else
        echo "shellcheck is not installed here: syntax only"
    fi
    lint_deploy
}

# The worker's container file, units and alerts, as far as this machine can judge them.
lint_deploy() {
    if command -v hadolint >/dev/null 2>&1; then
        hadolint worker/deploy/Dockerfile
        echo "hadolint: no complaint"
    else
        echo "hadolint is not installed here: the container file was not checked"
    fi
    if command -v systemd-analyze >/dev/null 2>&1; then
        local folder unit
        folder="$(mktemp -d)"
        for unit in ergon-worker ergon-stratum; do
            # Neither program nor user need be there for it.
            sed -e 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' -e 's#^\(User\|Group\)=.*#\1=root#' \
                "worker/deploy/$unit@.service" >"$folder/$unit@1.service"
            systemd-analyze verify "$folder/$unit@1.service"
        done
        rm -r "$folder"
        echo "systemd-analyze: no complaint"
    else
        echo "systemd is not installed here: the units were not checked"
    fi
    if command -v promtool >/dev/null 2>&1; then
        promtool check rules worker/deploy/alerts.yml
    else
        echo "promtool is not installed here: the alerts' expressions alone are checked, by a test"
    fi
}

step_licences() {
    scripts/spdx.sh
    if cargo deny --version >/dev/null 2>&1; then
        cargo deny --locked check licenses bans sources
    else
        echo "cargo-deny is not installed here: the dependencies' licences were not checked"
    fi
}

step_arrows() {
    scripts/arrows.sh --self-test
    scripts/arrows.sh
}

step_no-std() {
    cargo build --locked --package compute-proof --no-default-features --target wasm32v1-none
    cargo build --locked --package compute-proof --no-default-features --features prove --target wasm32v1-none
}

step_clippy() {
    export SKIP_WASM_BUILD=1
    cargo clippy --locked "${DEV_PACKAGES[@]}" --all-targets \
        --features ergon-runtime/runtime-benchmarks,ergon-runtime/try-runtime -- -D warnings
}

step_tests() {
    export SKIP_WASM_BUILD=1
    # With NVRTC every kernel is compiled for every architecture; without it the tests say that they skip that.
    local nvrtc
    nvrtc="$(scripts/nvrtc.sh)"
    if [[ -n "$nvrtc" ]]; then
        export LD_LIBRARY_PATH="$nvrtc${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" ERGON_REQUIRE_NVRTC=1
    else
        echo "NVRTC is not here: the kernels run on the host only, and are not compiled for cards"
    fi
    # With a C++ compiler the kernels are run on an emulated card; without one the tests say that they skip that.
    if have_cxx; then
        export ERGON_REQUIRE_CXX=1
    else
        echo "no C++ compiler is here: the tests of the kernels, of the emulated card and of the fake CUDA are SKIPPED, and pass"
    fi
    # With a card every route is held to the processor on fresh seeds, in every class.
    if ! nvidia-smi -L >/dev/null 2>&1; then
        echo "no card is here: the kernels run on the emulated one alone"
    fi
    # The kernel says whether AMX may be used; without it the tests of its path pass without trying it.
    if ! grep -qsw amx_int8 /proc/cpuinfo; then
        echo "the processor has no AMX: its instructions were not tried"
    fi
    if have_nextest; then
        cargo nextest run --locked "${DEV_PACKAGES[@]}" --no-fail-fast -E 'not package(ergon-e2e)'
    else
        cargo test --locked "${DEV_PACKAGES[@]}" --exclude ergon-e2e --lib --bins --tests --no-fail-fast
    fi
}

step_doc-tests() {
    export SKIP_WASM_BUILD=1
    cargo test --locked "${DEV_PACKAGES[@]}" --doc --no-fail-fast
}

step_build() { scripts/build.sh; }

step_node() {
    # The SDK's own error type, which the node's functions return, is what that lint finds too large.
    cargo_node clippy --locked --release "${NODE_PACKAGES[@]}" --all-targets -- -D warnings -A clippy::result_large_err
    cargo_node test --locked --release "${NODE_PACKAGES[@]}"
}

# The binaries of the release build, for those who start them.
binaries() {
    export ERGON_NODE="$CARGO_TARGET_DIR/release/ergon-node"
    export ERGON_WORKER="$CARGO_TARGET_DIR/release/ergon-worker"
    local binary
    for binary in "$ERGON_NODE" "$ERGON_WORKER"; do
        [[ -x "$binary" ]] || die "$binary is missing: run the step 'build' first"
    done
}

step_npm() {
    binaries
    scripts/npm-ci.sh tests/npm tests/stratum
    ERGON_METADATA_HASH="$(stored_metadata_hash)" npm --prefix tests/npm test
    npm --prefix tests/stratum test
}

step_e2e() {
    binaries
    scripts/npm-ci.sh tests/stratum
    local targets=() file
    for file in tests/e2e/tests/*.rs; do
        [[ -e "$file" ]] || die "tests/e2e/tests holds no test"
        targets+=(--test "$(basename "$file" .rs)")
    done
    # The same packages as in the step "tests": the same variants of the dependencies.
    SKIP_WASM_BUILD=1 cargo test --locked "${DEV_PACKAGES[@]}" "${targets[@]}" -- --nocapture --test-threads=1
}

if [[ "${1:-}" == --run-step ]]; then # how this script calls itself: a step is a process, so that `set -e` holds in it
    "step_$2"
    exit 0
fi

quick=false
chosen=()
for argument in "$@"; do
    case "$argument" in
        --quick) quick=true ;;
        --list)
            for step in "${STEPS[@]}"; do printf '%-10s %s\n' "$step" "$(about "$step")"; done
            exit 0
            ;;
        --help | -h)
            sed -n '3,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *)
            [[ -n "$(about "$argument")" ]] || die "there is no step '$argument' (see --list)"
            chosen+=("$argument")
            ;;
    esac
done

wanted() {
    if ((${#chosen[@]} > 0)); then
        [[ " ${chosen[*]} " == *" $1 "* ]]
    elif $quick; then
        [[ "$1" != npm && "$1" != e2e ]]
    fi
}

logs="$CARGO_TARGET_DIR/test-logs"
mkdir -p "$logs"
rm -f "$logs"/*.log
summary=()
started=$SECONDS

for step in "${STEPS[@]}"; do
    wanted "$step" || continue
    heading "$step: $(about "$step")"
    step_started=$SECONDS
    status=0
    "$BASH" "${BASH_SOURCE[0]}" --run-step "$step" 2>&1 | tee "$logs/$step.log" || status=$?
    took="$(elapsed $((SECONDS - step_started)))"
    if ((status != 0)); then
        heading "FAILED: $step, after $took (exit $status). Log: $logs/$step.log"
        exit 1
    fi
    say "--- $step: ok, $took"
    summary+=("$(printf '%-10s %s' "$step" "$took")")
    # The lines in which test runners say what they ran: nextest, cargo test, node --test.
    while IFS= read -r line; do
        summary+=("             $line")
    done < <(sed $'s/\x1b\\[[0-9;]*m//g' "$logs/$step.log" |
        grep -E '^ *Summary \[|^test result: .* [1-9][0-9]* passed|^# (tests|pass|fail) ' || true)
done

heading "all steps passed in $(elapsed $((SECONDS - started)))"
printf '%s\n' "${summary[@]}"
