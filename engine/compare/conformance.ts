import { isDeepStrictEqual } from 'node:util'
import { amount } from '../amount.ts'
import type { Module, Outputs } from '../contract/index.ts'
import { UNITS } from '../contract/index.ts'
import { messageOf, UsageError } from '../errors.ts'
import { placeOf } from '../place-of.ts'
import { moduleColumns } from '../table/enriched.ts'
import type { Enriched } from '../table/enriched.ts'
import { stampsFor } from '../table/images.ts'
import { ReaderSet } from '../table/readers.ts'
import { pure } from '../pure.ts'

/** A module's answer, flat: the values of each output, by its name. */
type Answer = ReadonlyMap<string, readonly unknown[]>

/**
 * What a module from elsewhere must hold before it is compared; `npx vitest run test/conformance/modules.test.ts` in its
 * own checkout asks for more.
 * @throws UsageError that says what it does not hold
 */
export function expectDeclared(module: Module): void {
  for (const { name, unit, doc } of moduleColumns(module)) {
    if (!(UNITS as readonly string[]).includes(unit))
      fail(
        module,
        `unit "${unit}" of ${name} is none that is known; known: ${UNITS.filter((one) => one !== '').join(', ')}`
      )
    if (doc.trim() === '') fail(module, `${name} has no description`)
  }
}

/** Over alerts of the lake. @throws UsageError */
export async function expectConforming(module: Module, batch: Enriched): Promise<void> {
  const { rows } = batch.table
  const answer = (from: number, count: number) => answerOf(module, batch, from, count)
  await answer(0, 0)
  const whole = await answer(0, rows)
  const again = await answer(0, rows)
  const half = rows >> 1
  const [first, second] = [await answer(0, half), await answer(half, rows - half)]
  for (const [name, values] of whole) {
    if (!isDeepStrictEqual(again.get(name), values)) {
      fail(module, `${name} is not the same twice: does it use the clock or random numbers?`)
    }
    const parts = [...(first.get(name) ?? []), ...(second.get(name) ?? [])]
    if (!isDeepStrictEqual(parts, values)) {
      fail(
        module,
        `${name} of an alert depends on the alerts beside it: each is to be taken on its own`
      )
    }
  }
}

async function answerOf(
  module: Module,
  batch: Enriched,
  from: number,
  rows: number
): Promise<Answer> {
  const columns = new ReaderSet(batch).for(module.requires, from)
  const { signal } = new AbortController()
  let result: unknown
  try {
    result = await pure(() =>
      module.run({
        rows,
        survey: batch.table.survey,
        columns,
        lookups: batch.answers.for(module.lookups, from),
        models: {},
        stamps: stampsFor(module, batch.images, from),
        signal
      })
    )
  } catch (error) {
    fail(module, `over ${amount(rows, 'alert')} it threw: ${messageOf(error)}${placeOf(error)}`)
  }
  const answer = new Map<string, readonly unknown[]>()
  flatten(module, module.produces, result, rows, '', answer)
  return answer
}

function flatten(
  module: Module,
  outputs: Outputs,
  result: unknown,
  rows: number,
  path: string,
  answer: Map<string, readonly unknown[]>
): void {
  for (const [name, output] of Object.entries(outputs)) {
    const values = (result as Record<string, unknown> | null)?.[name]
    if (output.type === 'group') {
      flatten(module, output.outputs, values, rows, `${path}${name}.`, answer)
      continue
    }
    const list = values as ArrayLike<unknown> | undefined
    if (list?.length !== rows) {
      fail(module, `${path}${name} has ${list?.length ?? 'no'} values for ${amount(rows, 'alert')}`)
    }
    answer.set(`${path}${name}`, Array.from(list))
  }
}

function fail({ name, version }: Module, what: string): never {
  throw new UsageError(`module ${name} ${version} does not hold what a module must: ${what}`)
}
