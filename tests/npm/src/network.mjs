// SPDX-License-Identifier: Apache-2.0

/** What the metadata hash holds besides the metadata: the runtime's token, as the runtime's build script names it. */
export const NETWORK = { decimals: 12, tokenSymbol: 'EGN' };
