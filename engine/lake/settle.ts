import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path/posix'
import { SiskinError } from '../errors.ts'
import { atOnce } from '../store/at-once.ts'
import { isMissing } from '../store/errors.ts'
import { jsonBytes } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { eachTaken, isOfNight } from './closed.ts'
import type { TakenPart } from './closed.ts'
import { layerPath, layerSource, parseLayer } from './layer-name.ts'
import { blockFolder, ledgerPath } from './ledger.ts'
import type { PartFile, PartRecord } from './ledger.ts'
import { readBlock } from './ledger-walk.ts'
import type { BlockRecords } from './ledger-walk.ts'
import { layPack, PACK } from './pack.ts'
import { recordAt } from './records.ts'

/*
 * What is left to be done once the files of a closed night are in their places: the files that it was merged of go, and the
 * records of their parts say so and are laid together. All of it may be done again, at any moment: what is done is found
 * done. First those go that a plain reader would read twice.
 */

const FILES_AT_ONCE = 16

export type SettlingStep = 'retiring' | 'retired' | 'recording' | 'recorded'
export type OnSettle = (step: SettlingStep) => void

/** Whose close it is. */
export interface Settling {
  /** What is replaced is drafted there: its successor renames the folder before it looks at the lake, as of any attempt. */
  readonly drafts: string
  /** Throws once another close has begun, because this one was silent for too long. */
  readonly check: () => Promise<void>
}

export async function settle(
  store: Store,
  record: PartRecord,
  settling: Settling,
  onStep: OnSettle
): Promise<void> {
  const { closes, part } = record
  if (!closes) return
  const { night } = closes
  const own = new OwnLake(store, settling)
  const isShown = ({ kind }: PartFile) => kind === 'alerts' || kind === 'topic'
  await retire(own, record, (taken) => oldFiles(taken, night).filter(isShown), onStep)
  onStep('retired')
  for await (const block of blocksOf(store, record)) {
    await settleBlock(own, block, night, part)
    for (const taken of block) await settleLayers(own, taken, night, part)
    onStep('recording')
  }
  onStep('recorded')
  const left = (taken: TakenPart) => [
    ...oldFiles(taken, night).filter((file) => !isShown(file)),
    ...foldedFiles(taken, night)
  ]
  await retire(own, record, left, onStep)
}

/** The lake, as long as it is this close's to change: who was frozen finds that it is not, or its draft gone. */
class OwnLake {
  readonly store: Store
  readonly #settling: Settling

  constructor(store: Store, settling: Settling) {
    this.store = store
    this.#settling = settling
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    const draft = `${this.#settling.drafts}/${randomBytes(6).toString('hex')}`
    await this.store.write(draft, [bytes])
    await this.#settling.check()
    await this.store.rename(draft, path).catch(async (error: unknown) => {
      if (isMissing(error)) await this.#settling.check() // it says why
      throw error
    })
    await this.store.sync([dirname(path)])
  }

  async remove(paths: readonly string[], onGone: (path: string) => void): Promise<void> {
    await this.#settling.check()
    await atOnce(paths, FILES_AT_ONCE, async (path) => {
      await this.store.remove(path)
      onGone(path)
    })
  }
}

function oldFiles({ record }: TakenPart, night: string): PartFile[] {
  return record.files.filter((file) => isOfNight(file, night))
}

/** Files of layers that lie in the closed night itself now. */
function foldedFiles(taken: TakenPart, night: string): Pick<PartFile, 'path'>[] {
  const alerts = oldFiles(taken, night).filter(({ kind }) => kind === 'alerts')
  return alerts.flatMap(({ path }) =>
    taken.layers.flatMap((text) => {
      const layer = parseLayer('layers', text)
      return layer ? [{ path: layerPath(path, layer) }] : []
    })
  )
}

/** Removes files, and the folders that hold nothing then. */
async function retire(
  own: OwnLake,
  record: PartRecord,
  filesOf: (taken: TakenPart) => readonly Pick<PartFile, 'path'>[],
  onStep: OnSettle
): Promise<void> {
  const { store } = own
  const folders = new Set<string>()
  for await (const block of blocksOf(store, record)) {
    const paths = block.flatMap(filesOf).map(({ path }) => path)
    await own.remove(paths, (path) => {
      folders.add(dirname(path))
      onStep('retiring')
    })
  }
  for (const folder of folders) {
    for (let above = folder; above.includes('/'); above = dirname(above)) {
      if ((await store.removeEmpty?.(above)) !== true) break
    }
  }
}

/** What was taken of a block of a source after the other: they lie so. */
async function* blocksOf(store: Store, record: PartRecord): AsyncGenerator<TakenPart[], void> {
  let own: TakenPart[] = []
  const blockOf = ({ record: { source, first } }: TakenPart) => blockFolder(source, first)
  for await (const taken of eachTaken(store, record)) {
    if (own[0] && blockOf(own[0]) !== blockOf(taken)) {
      yield own
      own = []
    }
    own.push(taken)
  }
  if (own.length > 0) yield own
}

/** Parts that nothing is left of but their account lie together from then on. */
async function settleBlock(
  own: OwnLake,
  taken: readonly TakenPart[],
  night: string,
  part: string
): Promise<void> {
  const { source, first } = taken[0]!.record
  const folder = blockFolder(source, first)
  const firsts = new Set(taken.map(({ record }) => record.first))
  const { records, bad } = await readBlock(own.store, { source, block: 0, folder })
  expectPack(bad)
  const now = records.map((record) =>
    firsts.has(record.first) ? closedFor(record, night, part) : record
  )
  const end = Math.max(...now.filter(isClosed).map((record) => record.first))
  const isDone = (record: PartRecord) =>
    isClosed(record) || (record.first < end && record.alerts === 0)
  for (const record of now) {
    if (firsts.has(record.first) && !isDone(record)) {
      await own.replace(ledgerPath(source, record.first, record.last), jsonBytes(record))
    }
  }
  const done = now.filter(isDone)
  if (done.length === 0) return
  await own.replace(`${folder}/${PACK}`, layPack(done))
  const alone = done.map((record) => ledgerPath(source, record.first, record.last))
  await own.remove(alone, () => {})
}

/** What cannot be read of records that lie together would be gone with the next that are laid there. */
function expectPack(bad: BlockRecords['bad']): void {
  const pack = bad.find(({ path }) => path.endsWith(PACK))
  if (pack)
    throw new SiskinError(`${pack.path} cannot be read: ${pack.reason}; siskin verify says more`)
}

/** The record of a part whose alerts of a night lie in a closed part now. */
export function closedFor(record: PartRecord, night: string, part: string): PartRecord {
  return {
    ...record,
    files: record.files.filter((file) => !isOfNight(file, night)),
    closedIn: { ...record.closedIn, [night]: part }
  }
}

/** All nights that it has alerts of are closed. */
function isClosed({ nights, closedIn = {} }: PartRecord): boolean {
  const keys = Object.keys(nights)
  return keys.length > 0 && keys.every((key) => key in closedIn)
}

/** The record of a layer goes with its last file. */
async function settleLayers(
  own: OwnLake,
  { record: { source, first, last }, layers }: TakenPart,
  night: string,
  part: string
): Promise<void> {
  const [survey = '', date = ''] = night.split('/')
  const isOf = ({ path }: PartFile) =>
    path.startsWith(`${survey}/layers/`) && path.includes(`/night=${date}/`)
  for (const text of layers) {
    const layer = parseLayer('layers', text)
    const name = layer && layerSource(layer, source)
    const record = name && (await recordAt(own.store, name, { first, last }))
    if (!record) continue
    const path = ledgerPath(name, first, last)
    const files = record.files.filter((file) => !isOf(file))
    const left = { ...closedFor(record, night, part), files }
    if (isClosed(left)) await own.remove([path], () => {})
    else await own.replace(path, jsonBytes(left))
  }
}
