#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs apoclypsebm 1.1.4 (PyPI), a Stratum V1 miner for OpenCL devices that others wrote, so that a test can use it.

Two things keep it from that as it comes, and are changed in memory only:

* mining.submit fails with a TypeError under Python 3: it adds bytes to a string.
* It looks for hashes with 32 leading zero bits whatever the difficulty: 2^32 hashes a share, hours on CPU cores.
  ERGON_ZERO_BITS, from 1 to 32 (default 16), is how many it looks for here; what it submits has the pool's difficulty.

Connection, session, jobs, coinbase, Merkle root, header and SHA-256 are the package's own. So is that it overlooks what
it finds among the first 2^24 nonces: at 0.3 MH/s the first share comes after some 50 seconds. It rolls ntime each second.

Needs Python 3.11 or older: the package imports asyncore.

Usage: apoclypse.py [options of apoclypse] stratum://USER:PASSWORD@HOST:PORT
"""
import os
import pkgutil
import sys

from apoclypsebm import command, switch
from apoclypsebm.mining import opencl
from apoclypsebm.sha256 import hash as sha256d_words
from apoclypsebm.util import belowOrEquals
from apoclypsebm.work_sources import stratum

FOUND = "%s == -H[7]"
VALUES = ("Vals[7]", "Vals[7].x", "Vals[7].y")


def zero_bits():
    """The leading zero bits to look for. Raises ValueError naming the variable."""
    text = os.environ.get("ERGON_ZERO_BITS", "16")
    if not text.isdigit() or not 1 <= int(text) <= 32:
        raise ValueError(f"ERGON_ZERO_BITS: {text!r} is not from 1 to 32")
    return int(text)


def relaxed(kernel, bits):
    """The kernel's source, looking for `bits` zero bits. Raises RuntimeError if it isn't the source that is known."""
    # The last word of a hash holds its most significant byte last.
    mask = int.from_bytes((0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF).to_bytes(4, "big"), "little")
    text = kernel.decode("ascii")
    for value in VALUES:
        if text.count(FOUND % value) != 1:
            raise RuntimeError(f"the kernel's test of {value} is not the one of apoclypsebm 1.1.4")
        text = text.replace(FOUND % value, f"(({value} + H[7]) & {mask:#010x}U) == 0")
    return text.encode("ascii")


def send(self, result, submit):
    """Submits the nonces found whose hash has the difficulty, judged by all of its words."""
    for nonce in result.miner.nonce_generator(result.nonces):
        words = sha256d_words(result.state, result.merkle_end, result.time, result.difficulty, nonce)
        if belowOrEquals(words, result.target):
            self.sent[nonce] = (False, f"{words[6]:08x}", f"{words[5]:08x}")
            if not submit(result, nonce):
                return False
    return True


class Kernels:
    """What the miner's OpenCL module calls pkgutil: it reads the kernel's source through it."""

    @staticmethod
    def get_data(package, resource):
        return relaxed(pkgutil.get_data(package, resource), zero_bits())


def main():
    try:
        zero_bits()
    except ValueError as error:
        sys.exit(str(error))
    stratum.hexlify = bytes.hex
    stratum.MIN_DIFFICULTY = (1 << 256) - 1
    switch.Switch.send = send
    opencl.pkgutil = Kernels
    command.main()


if __name__ == "__main__":
    main()
