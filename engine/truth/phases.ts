import type { Phase, Seeks } from '../contract/index.ts'

/** What each phase asks of a row of the truth table, in SQL. A null is not in it. */
const PHASES: Readonly<Record<Phase, string>> = {
  rising: 'true_rate <= -0.3',
  fading: 'true_rate >= 0.3',
  new: 'age <= 2',
  varied: 'true_amplitude >= 0.5',
  unnamed: 'NOT is_named'
}

/** True, in SQL, for the rows of the truth table in the phase that is sought. */
export function inPhase({ phase }: Seeks): string {
  return phase ? `coalesce(${PHASES[phase]}, false)` : 'true'
}

/** In words: `rising: sn_ia kilonova`. */
export function seeksText({ classes, phase }: Seeks): string {
  return `${phase ? `${phase}: ` : ''}${classes.join(' ')}`
}
