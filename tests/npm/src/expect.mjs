// SPDX-License-Identifier: Apache-2.0

/** Pallets that a dApp of this chain expects to find by name. */
export const PALLETS = [
  'System',
  'Balances',
  'Nfts',
  'ComputeAssets',
  'ProofOfCompute',
  'FractionalOwnership',
  'RewardDistribution',
];

/** Metadata versions that the runtime serves. */
export const METADATA_VERSIONS = [14, 15, 16];

/** A copy of `digest` with one bit flipped. */
export function spoil(digest) {
  const spoilt = Uint8Array.from(digest);
  spoilt[0] ^= 1;
  return spoilt;
}
