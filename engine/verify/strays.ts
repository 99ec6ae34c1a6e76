import { attemptsAt } from '../lake/two-phase-commit.ts'
import { foreign, isOfPart, unnamed } from './file-check.ts'
import type { OnFinding } from './finding.ts'
import type { FolderSums } from './folder-sums.ts'
import { OWN } from '../lake/ledger.ts'
import { REPAIRS } from '../lake/repair-folder.ts'
import { nightOfClosed } from '../lake/closed.ts'
import { requeuedSource } from '../lake/requeue-name.ts'
import { CLOSING, isClaimed } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'

/** SQL for DuckDB, which Siskin writes itself and which may be changed or removed. */
export const VIEWS = 'views.sql'

/** More files than this of a folder that nobody knows are told as one. */
const NAMED = 100

/** Files of a lake outside `_siskin` that no part names, and folders that hold nothing. */
export class Strays {
  readonly #store: Store
  readonly #sums: FolderSums
  readonly #onFinding: OnFinding

  constructor(store: Store, sums: FolderSums, onFinding: OnFinding) {
    this.#store = store
    this.#sums = sums
    this.#onFinding = onFinding
  }

  /** All of the lake. */
  async everywhere(): Promise<void> {
    await this.#look('')
  }

  /** Only where parts were looked at. */
  async nearby(): Promise<void> {
    for (const parent of this.#sums.parents) {
      if (parent !== 'quarantine') await this.#lookInto(parent)
    }
  }

  async #look(folder: string): Promise<void> {
    if (this.#sums.has(folder)) return this.#lookInto(folder)
    if (!this.#sums.isAbove(folder)) return this.#unknown(folder)
    for (const { name, isFolder } of await this.#store.entries(folder)) {
      const path = folder === '' ? name : `${folder}/${name}`
      if (path === OWN || path === VIEWS) continue
      if (isFolder) await this.#look(path)
      else this.#onFinding(foreign(path))
    }
  }

  /** A folder of folders of blocks. */
  async #lookInto(parent: string): Promise<void> {
    const entries = await this.#store.entries(parent)
    const folders = entries.filter(({ isFolder }) => isFolder).map(({ name }) => name)
    for (const { name, isFolder } of entries) {
      if (!isFolder) this.#onFinding(foreign(`${parent}/${name}`))
    }
    if (this.#sums.isAll(parent, folders)) return
    for (const name of folders) {
      const folder = `${parent}/${name}`
      if (!(await isOfPart(this.#store, folder))) await this.#unknown(folder)
    }
  }

  /** No part that was looked at has files there. */
  async #unknown(folder: string): Promise<void> {
    const files = await this.#store.list(folder, true)
    if (files.length === 0) return this.#onFinding(emptyFolder(folder))
    const strays = await unnamed(
      this.#store,
      files.map(({ path }) => path)
    )
    if (strays.length > NAMED && strays.length === files.length) {
      const text = `${folder}/ and its ${strays.length} files belong to no part`
      this.#onFinding({ kind: 'foreign', path: folder, text, isDifference: true })
    } else {
      for (const path of strays) this.#onFinding(foreign(path))
    }
  }
}

function emptyFolder(path: string) {
  return { kind: 'empty', path, text: `${path}/ holds nothing`, isDifference: false } as const
}

/** What `list` may find of files that are being written, or were when their writer died. */
const DRAFT = /(^|\/)\.writing-|\.writing-[0-9a-f]+$|\.new$/
/** Of `_siskin`, what is looked at elsewhere, or may hold much. */
const ELSEWHERE = ['ledger', 'layers', 'topics', 'staging', 'foreign', 'repair']

/** In `_siskin` itself: drafts, staged attempts of nobody, folders that hold nothing. */
export async function leftOvers(
  store: Store,
  { isLive, knowsKafka }: { readonly isLive: boolean; readonly knowsKafka: boolean },
  onFinding: OnFinding
): Promise<void> {
  for (const { name, isFolder } of await store.entries(OWN)) {
    if (!isFolder || ELSEWHERE.includes(name)) continue
    for (const { path } of await store.list(`${OWN}/${name}`, true)) {
      if (!DRAFT.test(path)) continue
      const text = `${path} was being written when its writer ended, if none is at work`
      onFinding({ kind: 'draft', path, text, isDifference: false })
    }
  }
  for (const { name: source } of await store.entries(`${OWN}/staging`)) {
    if (LAYERS.includes(source)) await stagedLayers(store, source, onFinding)
    else await stagedOf(store, source, isLive, knowsKafka, onFinding)
  }
  for (const { name } of await store.entries(REPAIRS)) {
    const path = `${REPAIRS}/${name}`
    if ((await store.list(path)).length === 0) continue
    const text = `${path} is left of a repair that was cut off: the next one goes on with it`
    onFinding({ kind: 'empty', path, text, isDifference: false })
  }
}

const LAYERS = ['layers', 'topics']

async function stagedLayers(store: Store, kind: string, onFinding: OnFinding): Promise<void> {
  for (const { name } of await store.entries(`${OWN}/staging/${kind}`)) {
    const layer = `${kind}/${name}`
    if (await isClaimed(store, layer)) continue
    for (const { folder } of await attemptsAt(store, layer)) {
      const text = `${folder} lies staged; the next siskin reprocess of ${layer} clears it up`
      onFinding({ kind: 'other', text, isDifference: false })
    }
  }
}

async function stagedOf(
  store: Store,
  source: string,
  isLive: boolean,
  knowsKafka: boolean,
  onFinding: OnFinding
): Promise<void> {
  const root = `${OWN}/staging/${source}`
  const requeued = requeuedSource(source)
  const isClosed = nightOfClosed(source) !== null
  if (await isClaimed(store, isClosed ? CLOSING : (requeued ?? source))) return
  const attempts = await attemptsAt(store, source)
  if (attempts.length === 0) {
    if (!isLive) onFinding({ ...emptyFolder(root), text: '' }) // as after every run
    return
  }
  const isStream = attempts.some(({ attempt }) => /^g\d+-/.test(attempt))
  if (isStream && isLive) return
  for (const { folder } of attempts) {
    const who = isStream
      ? knowsKafka
        ? 'the next member that gets the partition recovers it'
        : 'a member may be at work on it (--brokers tells)'
      : isClosed
        ? 'the next siskin close of its night brings it to its end'
        : requeued === null
          ? 'the next run of the source clears it up'
          : `the next siskin requeue of ${requeued} clears it up`
    const text = `${folder} lies staged; ${who}`
    onFinding({ kind: 'attempt', source, folder, text, isDifference: false })
  }
}
