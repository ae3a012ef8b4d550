#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what `ergon-worker bench` and `matmul_integer.py` measured. Usage: compare.py SHAPE FORMAT OURS THEIRS, the files with a JSON object a line."""
import json
import sys

shape, form, *files = sys.argv[1:]
ours, theirs = ([json.loads(line) for line in open(name, encoding="utf-8")] for name in files)
best = max(ours, key=lambda turn: turn["macs_per_second"])
peer = max(theirs, key=lambda turn: turn["macs_per_second"])
result = {
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
else:
    giga = {name: result[name] / 1e9 for name in result if name.endswith("per_second")}
    print(
        f"{result['backend']}, shape {shape}, {result['threads']} threads: rounds {giga['rounds_macs_per_second']:.0f}, "
        f"product {giga['product_macs_per_second']:.0f}; {result['peer']} {giga['peer_macs_per_second']:.0f} GMAC/s. "
        f"Whole rounds are {result['rounds_to_peer']:.2f}, the product {result['product_to_peer']:.2f} of the peer's bare product."
    )
