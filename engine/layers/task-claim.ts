import { randomBytes } from 'node:crypto'
import { recoverAttempt } from '../lake/file-commit.ts'
import { claimsOf } from '../lake/layer-claims.ts'
import { layerSource } from '../lake/layer-name.ts'
import type { LayerName } from '../lake/layer-name.ts'
import { BLOCK } from '../lake/ledger.ts'
import { stagingOf } from '../lake/two-phase-commit.ts'
import { SiskinError } from '../errors.ts'
import { isMissing, isTaken } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import type { PartSpan } from './messages.ts'

type Span = Pick<PartSpan, 'source' | 'first' | 'last'>

/**
 * The right to make one part of a layer, among all who have the tasks of one plan. Whoever comes later has it: nobody
 * needs to know whether the one before lives. Claims are numbered by the making of a file, which only one
 * can do. The later one renames what the earlier has staged, so that the earlier cannot commit it, and reads the
 * ledger only then: either it finds what was committed, or nothing else will be.
 */
export class TaskClaim {
  /** The attempt's name; nobody else has it or will have it. */
  readonly attempt: string
  readonly #store: Store
  readonly #folder: string
  readonly #first: number
  readonly #number: number

  private constructor(
    store: Store,
    folder: string,
    attempt: string,
    first: number,
    number: number
  ) {
    this.#store = store
    this.#folder = folder
    this.attempt = attempt
    this.#first = first
    this.#number = number
  }

  /** @param run the number of the plan among those who made the layer */
  static async take(store: Store, layer: LayerName, run: number, span: Span): Promise<TaskClaim> {
    const { source, first } = span
    const block = Math.floor(first / BLOCK)
    const folder = `${claimsOf(layer)}/run${run}/${source}-${block}`
    const mark = randomBytes(6).toString('hex')
    const name = (number: number) => `t${first}.${number}-${mark}`
    for (;;) {
      const number = Math.max(0, ...(await numbersIn(store, folder, first))) + 1
      try {
        await store.create(`${folder}/${first}.${number}`, Buffer.from(name(number)))
      } catch (error) {
        // another was quicker, or is done and has removed what was half written here
        if (isTaken(error) || isMissing(error)) continue
        throw error
      }
      await fenceOthers(store, layer, run, span, number)
      return new TaskClaim(store, folder, `run${run}/${name(number)}`, first, number)
    }
  }

  /** @throws SiskinError when another has taken the task since */
  async check(): Promise<void> {
    if (await this.#isOurs()) return
    throw new SiskinError('another has taken this task meanwhile: its answer counts')
  }

  /** Numbers are given out again; who had one of them before is told by its name. */
  async #isOurs(): Promise<boolean> {
    const numbers = await numbersIn(this.#store, this.#folder, this.#first)
    if (Math.max(0, ...numbers) !== this.#number) return false
    const bytes = await this.#store.read(this.#path(this.#number)).catch((error: unknown) => {
      if (isMissing(error)) return new Uint8Array()
      throw error
    })
    return this.attempt.endsWith(`/${Buffer.from(bytes).toString()}`)
  }

  /** It is over; who comes later begins anew. What the dead have half written goes too. */
  async release(): Promise<void> {
    if (!(await this.#isOurs())) return
    for (const { name, number } of await claimsIn(this.#store, this.#folder, this.#first)) {
      if (number <= this.#number) await this.#store.remove(`${this.#folder}/${name}`)
    }
  }

  #path(number: number): string {
    return `${this.#folder}/${this.#first}.${number}`
  }
}

async function numbersIn(store: Store, folder: string, first: number): Promise<number[]> {
  return (await claimsIn(store, folder, first)).map(({ number }) => number)
}

async function claimsIn(store: Store, folder: string, first: number) {
  return (await store.entries(folder)).flatMap(({ name }) => {
    const [own, number] = name.split('.')
    return own === String(first) ? [{ name, number: Number(number) }] : []
  })
}

/** What those before had staged is put in its place if it counts, and removed if not. */
async function fenceOthers(
  store: Store,
  layer: LayerName,
  run: number,
  { source: part, first, last }: Span,
  number: number
): Promise<void> {
  const source = layerSource(layer, part)
  for (const { name } of await store.entries(`${stagingOf(source)}/run${run}`)) {
    const [, own, older] = /^t(\d+)\.(\d+)-/.exec(name) ?? []
    if (own !== String(first) || Number(older) > number) continue
    await recoverAttempt(store, { source, attempt: `run${run}/${name}`, first, last })
  }
}
