import { amount } from '../amount.ts'
import type { Module } from '../contract/index.ts'
import { endsWithin, isEndless } from '../enrich/ends-within.ts'
import { budgetMs } from '../enrich/run-module.ts'
import type { SiskinError } from '../errors.ts'

/** More than its budget, for a machine that has other things to do. */
const PATIENCE = 4

/**
 * The module, stopped when it does not end: nobody watches over what is compared. From then on it throws at once.
 * @param onHang hears of it, once
 */
export function inTime(module: Module, onHang: (error: SiskinError) => void): Module {
  let hung: SiskinError | null = null
  return {
    ...module,
    run(batch) {
      if (hung) throw hung
      const timeout = PATIENCE * budgetMs(module.budget, batch.rows)
      const where = ` over ${amount(batch.rows, 'alert')}`
      try {
        return endsWithin(timeout, `module ${module.name}`, where, () => module.run(batch))
      } catch (error) {
        if (isEndless(error)) onHang((hung = error))
        throw error
      }
    }
  }
}
