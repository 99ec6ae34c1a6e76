/** For recovery tests: SISKIN_CRASH=<first packet>:<step> kills the process at that step of that part's commit. */
export function crashPoint(): { first: number; step: string } | null {
  const [first, step] = (process.env['SISKIN_CRASH'] ?? '').split(':')
  return first && step ? { first: Number(first), step } : null
}
