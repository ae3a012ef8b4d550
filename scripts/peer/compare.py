#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what `ergon-worker bench` and `matmul_integer.py` measured.

Usage: compare.py SHAPE FORMAT COMMAND OURS THEIRS
COMMAND is what was run, to be told with the figures; the files hold a JSON object a line.
"""
import json
import pathlib
import platform
import subprocess
import sys


def processor():
    """Its name, with the numbers that tell its kind where a hypervisor hides the name."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    said = {}
    for line in text.splitlines():
        name, _, value = line.partition(":")
        said.setdefault(name.strip(), value.strip())
    words = [said.get("model name") or f"{platform.machine()} processor"]
    if "cpu family" in said and "model" in said:
        words.append(f"(family {said['cpu family']}, model {said['model']})")
    return " ".join(words)


def commit():
    """The commit that is checked out, with a + if files differ from it."""

    def git(*arguments):
        folder = pathlib.Path(__file__).parent
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True, text=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def main():
    try:
        shape, form, command, ours, theirs = sys.argv[1:]
    except ValueError:
        sys.exit(__doc__)
    ours, theirs = ([json.loads(line) for line in open(name, encoding="utf-8")] for name in (ours, theirs))
    for turn in ours:
        if not turn["backend"].startswith("cpu-"):
            sys.exit(f"error: {turn['backend']} is no backend of the processor: the peer computes on nothing else")
    threads = {turn["threads"] for turn in ours + theirs}
    if len(threads) != 1:
        sys.exit(f"error: not all were measured on as many threads: {sorted(threads)}")
    best = max(ours, key=lambda turn: turn["macs_per_second"])
    peer = max(theirs, key=lambda turn: turn["macs_per_second"])
    result = {
        "processor": processor(),
        "commit": commit(),
        "command": command,
        "shape": shape,
        "threads": best["threads"],
        "backend": best["backend"],
        "rounds_macs_per_second": best["macs_per_second"],
        "product_macs_per_second": max(turn["product_macs_per_second"] for turn in ours),
        "peer": peer["peer"],
        "peer_macs_per_second": peer["macs_per_second"],
    }
    result["rounds_to_peer"] = round(result["rounds_macs_per_second"] / result["peer_macs_per_second"], 3)
    result["product_to_peer"] = round(result["product_macs_per_second"] / result["peer_macs_per_second"], 3)
    if form == "json":
        print(json.dumps(result))
        return
    giga = {name: result[name] / 1e9 for name in result if name.endswith("per_second")}
    print(
        f"{result['processor']}, commit {result['commit']}, {command}\n"
        f"{result['backend']}, shape {shape}, {result['threads']} threads: rounds {giga['rounds_macs_per_second']:.0f}, "
        f"product {giga['product_macs_per_second']:.0f}; {result['peer']} {giga['peer_macs_per_second']:.0f} GMAC/s. "
        f"Whole rounds are {result['rounds_to_peer']:.2f}, the product {result['product_to_peer']:.2f} of the peer's bare product."
    )


if __name__ == "__main__":
    main()
