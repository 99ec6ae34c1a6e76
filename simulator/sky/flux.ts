import { AB_ZERO_POINT } from '../../engine/contract/index.ts'

/**
 * Flux in nJy of an AB magnitude. The contract's `fluxFromMag` answers the same but for the last bit,
 * and the bytes that a seed has always made must stay.
 */
export function fluxOf(mag: number): number {
  return Math.pow(10, 0.4 * (AB_ZERO_POINT - mag))
}

export type Band = 'u' | 'g' | 'r' | 'i' | 'z' | 'y'

/** Cuts a number to so many decimals: the surveys' own tables do. */
export function round(value: number, decimals: number): number {
  const scale = Math.pow(10, decimals)
  return Math.round(value * scale) / scale
}
