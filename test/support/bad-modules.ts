import process from 'node:process'
import { defineFilter, defineModule, id, int32 } from '../../engine/contract/index.ts'
import type { Filter, Module } from '../../engine/contract/index.ts'
import { makePlan } from '../../engine/enrich/plan.ts'
import type { Plan } from '../../engine/enrich/plan.ts'

/** What the bad modules do their mischief on: an alert id, told by the environment. */
const VICTIM = BigInt(process.env['SISKIN_TEST_VICTIM'] ?? '0')

function misbehaving(name: string, mischief: () => void): Module {
  return defineModule({
    name,
    version: '1.0.0',
    about: 'For tests only.',
    owner: '@siskin',
    budget: 100,
    requires: { alertId: id('alert_id') },
    produces: { one: int32('', 'Always 1.') },
    run({ rows, columns }) {
      const one: number[] = []
      for (let row = 0; row < rows; row++) {
        if (columns.alertId.at(row) === VICTIM) mischief()
        one.push(1)
      }
      return { one }
    }
  }) as Module
}

const hangs = misbehaving('hangs', () => {
  for (;;) Math.sqrt(2)
})
const dies = misbehaving('dies', () => process.exit(3))
const slays = misbehaving('slays', () => process.kill(process.pid, 'SIGKILL'))
const throws = misbehaving('throws', () => {
  throw new Error('this alert is not to my taste')
})

/** A filter that never ends over the victim, and would take every other alert. */
const sleeps = defineFilter({
  name: 'sleeps',
  version: '1.0.0',
  topic: 'sleeps',
  about: 'For tests only.',
  owner: '@siskin',
  requires: { alertId: id('alert_id') },
  uses: {},
  keep: ({ columns }) => {
    return (row) => {
      while (columns.alertId.at(row) === VICTIM) Math.sqrt(2)
      return true
    }
  }
}) as Filter
const takesAll = defineFilter({
  name: 'takes_all',
  version: '1.0.0',
  topic: 'takes-all',
  about: 'For tests only.',
  owner: '@siskin',
  requires: {},
  uses: {},
  keep: () => () => true
}) as Filter

const MODULES: Readonly<Record<string, Module>> = { hangs, dies, slays, throws }
const FILTERS: Readonly<Record<string, Filter>> = { sleeps, takes_all: takesAll }

/** The plan of some of them, by their names. */
export function badPlan(modules: readonly string[], filters: readonly string[]): Plan {
  return makePlan(
    modules.map((name) => MODULES[name]!),
    filters.map((name) => FILTERS[name]!)
  )
}
