import { Script } from 'node:vm'
import { amount } from '../amount.ts'
import type { Module } from '../contract/index.ts'
import { budgetMs } from '../enrich/run-module.ts'
import { codeOf, SiskinError } from '../errors.ts'

const call = new Script('globalThis.siskinInTime()')

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
      const holder = globalThis as { siskinInTime?: () => unknown }
      holder.siskinInTime = () => module.run(batch)
      try {
        return call.runInThisContext({ timeout }) as ReturnType<Module['run']>
      } catch (error) {
        if (codeOf(error) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
        hung = new SiskinError(
          `module ${module.name} does not end: it was stopped after ${timeout / 1000} s over ${amount(batch.rows, 'alert')}; is there a loop that never ends?`
        )
        onHang(hung)
        throw hung
      } finally {
        delete holder.siskinInTime
      }
    }
  }
}
