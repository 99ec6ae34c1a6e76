import { setTimeout as delay } from 'node:timers/promises'
import { OutageError, SiskinError, TornFileError } from '../errors.ts'
import { OWN } from './ledger.ts'
import { BEAT_MS, isAlive, isMe, THIS_MACHINE } from '../store/machine.ts'
import type { Holder, Machine } from '../store/machine.ts'
import { jsonBytes, readJson, replaceFile } from '../store/replace-file.ts'
import { isMissing, isTaken } from '../store/errors.ts'
import { silenceOf } from './silence.ts'
import type { Store } from '../store/store.ts'

const TORN_LOOK_MS = 1000

/** The claim under which all that changes what lies in a lake excludes each other: repairs, requeues, closes. No source is called so. */
export const WHOLE_LAKE = 'repair'
/** That of closing nights: reprocessing looks for it too. */
export const CLOSING = 'closing'

function folderOf(source: string): string {
  return `${OWN}/owners/runs/${source}`
}

function claimPath(source: string, run: number): string {
  return `${folderOf(source)}/${run}.json`
}

interface Entry {
  readonly run: number
  readonly isOver: boolean
}

/** Runs of a source, the newest last: `<number>.json`, `.over` once it has ended. */
async function runsOf(store: Store, source: string): Promise<Entry[]> {
  const runs = (await store.entries(folderOf(source))).flatMap(({ name }) => {
    const match = /^(\d+)\.(json|over)$/.exec(name)
    return match ? [{ run: Number(match[1]), isOver: match[2] === 'over' }] : []
  })
  return runs.sort((a, b) => a.run - b.run || Number(a.isOver) - Number(b.isOver))
}

/**
 * The right to take one source of files into the lake: one run at a time has it, whatever other runs and streams do
 * with other sources. Claims are numbered; to claim is to make the file of the next number, which only one
 * can do, and only when the newest run is over or its process gone.
 */
export class RunClaim {
  readonly source: string
  readonly run: number
  /** The run before did not come to its end: it was killed, or died. */
  readonly isAfterDeath: boolean
  readonly #store: Store
  readonly #me: Holder
  readonly #fallSilent: () => void
  #telling: Promise<void> = Promise.resolve()

  private constructor(
    store: Store,
    source: string,
    { run, isAfterDeath }: { readonly run: number; readonly isAfterDeath: boolean },
    me: Holder,
    machine: Machine
  ) {
    this.#store = store
    this.source = source
    this.run = run
    this.isAfterDeath = isAfterDeath
    this.#me = me
    this.#fallSilent = machine.beat(() => {
      return (this.#telling = this.#telling.then(() => this.#tell()).catch(() => {}))
    })
  }

  /** @throws SiskinError that names the run that has the source. */
  static async take(
    store: Store,
    source: string,
    command: string,
    machine: Machine = THIS_MACHINE
  ): Promise<RunClaim> {
    const me = machine.me(command)
    for (;;) {
      const newest = (await runsOf(store, source)).at(-1)
      if (newest && !newest.isOver) await expectDead(store, source, newest.run, machine)
      const run = (newest?.run ?? 0) + 1
      try {
        await store.create(claimPath(source, run), jsonBytes(me))
      } catch (error) {
        if (isTaken(error)) continue // another was quicker: is it alive?
        throw error
      }
      const now = await runsOf(store, source)
      if (now.some((other) => other.run > run || (other.run === run && other.isOver))) {
        // others came and went since the look: the number was free, and is one that was used
        await store.remove(claimPath(source, run))
        continue
      }
      await forgetOlder(store, source, run)
      const isAfterDeath = newest !== undefined && !newest.isOver
      return new RunClaim(store, source, { run, isAfterDeath }, me, machine)
    }
  }

  /** The same for who only mends what a run took in: when that began stays known. */
  static async borrow(store: Store, source: string, command: string): Promise<RunClaim> {
    const { since } = await newestRun(store, source)
    const me = () => ({ ...THIS_MACHINE.me(command), begun: since })
    return RunClaim.take(store, source, command, { ...THIS_MACHINE, me })
  }

  async #tell(): Promise<void> {
    const path = claimPath(this.source, this.run)
    await replaceFile(this.#store, path, { ...this.#me, beat: new Date().toISOString() })
  }

  async release(): Promise<void> {
    this.#fallSilent()
    await this.#telling // else a beat on its way would bring the claim back
    const path = `${folderOf(this.source)}/${this.run}`
    await this.#store.rename(`${path}.json`, `${path}.over`).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
  }
}

/** The last run that had a source. */
interface NewestRun {
  /** When it began; null: nobody knows. */
  readonly since: string | null
  /** Somebody lives and has the source still. */
  readonly isAtWork: boolean
  /** It was killed, or died: it is not over, and nobody has the source. */
  readonly isCutOff: boolean
}

export async function newestRun(store: Store, source: string): Promise<NewestRun> {
  const newest = await newestClaim(store, source)
  if (!newest) return { since: null, isAtWork: false, isCutOff: false }
  const { since, isAtWork, isOver, isOurs } = newest
  return { since, isAtWork, isCutOff: !isOver && !isOurs && !isAtWork }
}

interface NewestClaim extends Pick<NewestRun, 'since' | 'isAtWork'> {
  readonly run: number
  readonly isOver: boolean
  readonly isOurs: boolean
  /** Null: nobody knows. */
  readonly command: string | null
}

/** The newest claim of a source; null: nobody ever had it. */
export async function newestClaim(store: Store, source: string): Promise<NewestClaim | null> {
  const newest = (await runsOf(store, source)).at(-1)
  if (!newest) return null
  const { run, isOver } = newest
  const holder = await holderOf(store, source, run, isOver)
  const since = (holder?.begun === undefined ? holder?.since : holder.begun) ?? null
  const isOurs = holder !== null && isMe(holder)
  const silence = () => silenceOf(store, claimPath(source, run))
  const isAtWork = !isOver && holder !== null && !isOurs && (await isAlive(holder, silence))
  return { run, isOver, since, isOurs, isAtWork, command: holder?.command ?? null }
}

/** True while a run that lives has the source. */
export async function isClaimed(store: Store, source: string): Promise<boolean> {
  return (await newestRun(store, source)).isAtWork
}

/** @throws SiskinError when a younger run has claimed the source: this one was taken for dead. */
export async function checkRun(store: Store, source: string, run: number): Promise<void> {
  const newest = (await runsOf(store, source)).at(-1)
  if (newest && newest.run > run) {
    throw new OutageError(
      `another run took ${source} over meanwhile, because this one was silent for too long: nothing of it is lost, let the other one end`
    )
  }
}

async function expectDead(
  store: Store,
  source: string,
  run: number,
  machine: Machine
): Promise<void> {
  const holder = await holderOf(store, source, run)
  const silence = () => silenceOf(store, claimPath(source, run))
  if (!holder || !(await machine.isAlive(holder, silence))) return
  throw new SiskinError(
    `${source} is being ${source.includes('/') ? 'written' : 'taken'} into the lake ${store.root} by process ${holder.pid} on ${holder.host} since ${holder.since} (${holder.command}): wait for it, or stop it`
  )
}

/** Null also of a claim that is damaged, and stays so for longer than one who lives leaves it: each writes it again and again. */
async function holderOf(
  store: Store,
  source: string,
  run: number,
  isOver = false
): Promise<Holder | null> {
  const path = `${folderOf(source)}/${run}.${isOver ? 'over' : 'json'}`
  for (let waited = 0; ; waited += TORN_LOOK_MS) {
    try {
      return await readJson<Holder>(store, path)
    } catch (error) {
      if (!(error instanceof TornFileError)) throw error
      if (waited >= BEAT_MS * 1.5) return null
      await delay(TORN_LOOK_MS)
    }
  }
}

async function forgetOlder(store: Store, source: string, run: number): Promise<void> {
  for (const { run: older, isOver } of await runsOf(store, source)) {
    if (older >= run) continue
    await store.remove(`${folderOf(source)}/${older}.${isOver ? 'over' : 'json'}`)
  }
}
