import { defineModule, id, int32 } from '../../engine/contract/index.ts'
import type { Module } from '../../engine/contract/index.ts'

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
  for (;;) Math.random()
})
const dies = misbehaving('dies', () => process.exit(3))
const slays = misbehaving('slays', () => process.kill(process.pid, 'SIGKILL'))
const throws = misbehaving('throws', () => {
  throw new Error('this alert is not to my taste')
})

export const BAD: Readonly<Record<string, Module>> = { hangs, dies, slays, throws }
