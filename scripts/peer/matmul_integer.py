#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Multiply-accumulates a second of onnxruntime's MatMulInteger, uint8 by int8: what a processor's int8 product is measured against.

Usage: matmul_integer.py ROWS COLUMNS INNER THREADS SECONDS
Prints one JSON object. The product alone: operands are there, and nothing is done with the result.
"""
import json
import sys
import time

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper


def session(rows, columns, inner, threads):
    """A model of that one operation, its second operand a constant, as weights are."""
    random = numpy.random.default_rng(1)
    second = random.integers(-128, 128, (inner, columns), dtype=numpy.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "b"], ["y"])],
        "product",
        [helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [rows, columns])],
        [onnx.numpy_helper.from_array(second, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    made = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return made, random.integers(0, 256, (rows, inner), dtype=numpy.uint8)


def main():
    try:
        rows, columns, inner, threads = (int(text) for text in sys.argv[1:5])
        seconds = float(sys.argv[5])
    except (IndexError, ValueError):
        sys.exit(__doc__)
    made, first = session(rows, columns, inner, threads)
    made.run(None, {"a": first})
    best, products, begun = float("inf"), 0, time.perf_counter()
    while products == 0 or time.perf_counter() - begun < seconds:
        before = time.perf_counter()
        made.run(None, {"a": first})
        best = min(best, time.perf_counter() - before)
        products += 1
    spent = time.perf_counter() - begun
    macs = rows * columns * inner
    print(json.dumps({
        "peer": f"onnxruntime {onnxruntime.__version__}",
        "threads": threads,
        "macs_per_second": round(macs * products / spent),
        "best_macs_per_second": round(macs / best),
    }))


if __name__ == "__main__":
    main()
