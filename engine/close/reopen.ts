import { crc32 } from 'node:zlib'
import { layHead, syncOf } from '../avro/container.ts'
import { ContainerError, readHeader } from '../avro/heads.ts'
import { SiskinError } from '../errors.ts'
import { eachTaken, foldedPath, isOfNight, openedPath, takenPath } from '../lake/closed.ts'
import type { Moved, TakenPart } from '../lake/closed.ts'
import { layerOf } from '../lake/layer-name.ts'
import { ledgerPath } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import { isMissing } from '../store/errors.ts'
import { replaceBytes, replaceFile } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { withSync } from './containers.ts'
import { DamagedFile } from './damaged.ts'
import { filesBack } from './folded.ts'

/**
 * Opens a closed night again of which a file is damaged: its parts get their records back, and their packets out of those
 * files that are whole, byte for byte, and the layers that were folded in; what they lack then is made again as of any part. The record of the closed part goes
 * last, so that this may be done again: one without files stays in its place, so that no later close takes its number, by which
 * readers know what they have read.
 * @throws SiskinError where it is not known any more of what the night was merged: nothing was touched then
 * @returns what was done
 * @param aside moves a file of the closed part out of the way
 */
export async function reopen(
  store: Store,
  closed: PartRecord,
  aside: (path: string) => Promise<unknown>
): Promise<string> {
  const night = closed.closes!.night
  await expectTaken(store, closed)
  const lost = new Set<string>()
  let parts = 0
  for await (const taken of eachTaken(store, closed)) {
    for (const moved of taken.moved) await packetsBack(store, taken, moved)
    for (const text of await layersBack(store, closed, taken)) lost.add(text)
    await recordBack(store, taken.record, (file) => isOfNight(file, night), night)
    parts++
  }
  const { source, first, last } = closed
  await replaceBytes(store, openedPath(source, first), await store.read(takenPath(source, first)))
  await replaceFile(store, ledgerPath(source, first, last), emptied(closed))
  for (const { path } of closed.files) await aside(path)
  const told = `${parts} parts are open again; siskin close makes few files of them`
  return lost.size === 0
    ? told
    : `${told}; what was folded in of ${[...lost].join(', ')} is not kept: siskin reprocess makes it`
}

/**
 * Without the damaged file of its layers a closed night is as good: its alerts have them.
 * @returns what was done
 */
export async function withoutFolded(
  store: Store,
  closed: PartRecord,
  aside: (path: string) => Promise<unknown>
): Promise<string> {
  const { source, first, last, files } = closed
  const left = files.filter(({ kind }) => kind !== 'folded')
  await replaceFile(store, ledgerPath(source, first, last), { ...closed, files: left })
  const path = foldedPath(source, first)
  if ((await store.size(path)) !== null) await aside(path)
  return 'the night is left closed'
}

async function expectTaken(store: Store, closed: PartRecord): Promise<void> {
  const path = takenPath(closed.source, closed.first)
  try {
    const parts = await Array.fromAsync(eachTaken(store, closed), ({ record }) => record.part)
    const known = closed.closes!.parts || parts.length
    if (parts.length > 0 && parts.length === known) return
  } catch (error) {
    if (!isMissing(error) && !(error instanceof SyntaxError)) throw error
  }
  throw new SiskinError(
    `${path}, which says of what the night was merged, is missing or damaged: put it back from a copy`
  )
}

function emptied(closed: PartRecord): PartRecord {
  const closes = { night: closed.closes!.night, parts: 0, blocks: {}, copies: 0 }
  return { ...closed, received: 0, alerts: 0, nights: {}, modules: {}, files: [], closes }
}

/** Of a file that is damaged nothing is put back: it is made again from elsewhere. */
async function packetsBack(store: Store, { record }: TakenPart, moved: Moved): Promise<void> {
  const file = record.files.find(({ path }) => path === moved.from)
  if (file?.kind !== 'packets' || (await store.size(file.path)) !== null) return
  const bytes = await oldBytes(store, file, moved).catch((error: unknown) => {
    const isBad = error instanceof ContainerError || error instanceof DamagedFile
    if (isBad || isMissing(error)) return null
    throw error
  })
  const sum = bytes && crc32(bytes).toString(16).padStart(8, '0')
  if (bytes && sum === file.crc32) await store.write(file.path, [bytes])
}

const FIRST_READ = 256 * 1024

async function oldBytes(
  store: Store,
  file: PartFile,
  { to, at }: Moved
): Promise<Uint8Array | null> {
  const size = (await store.size(to)) ?? 0
  const start = await store.read(to, 0, Math.min(FIRST_READ, size))
  const header = readHeader(start, 0, start.length)
  if (!header) return null
  const head = layHead(file.path, header.schema, header.codec, {})
  const blocks = await store.read(to, at + head.length, file.bytes - head.length)
  const whole = Buffer.concat([start.subarray(0, header.end), blocks])
  withSync(to, whole, syncOf(file.path))
  return Buffer.concat([head, whole.subarray(header.end)])
}

/** The layers that are lost. */
async function layersBack(
  store: Store,
  closed: PartRecord,
  { layers, folded = [] }: TakenPart
): Promise<string[]> {
  const lost = new Set(layers)
  for (const own of folded) {
    const paths = new Set(own.places.map(({ file }) => file.path))
    if (!(await filesBack(store, closed, own))) continue
    await recordBack(store, own.record, ({ path }) => paths.has(path), closed.closes!.night)
    const { name, version } = layerOf(own.record.source)!.layer
    lost.delete(`${name}@${version}`)
  }
  return [...lost]
}

/** With the files of the night, as far as they are not in another one of its closes. */
async function recordBack(
  store: Store,
  record: PartRecord,
  isOfIt: (file: PartFile) => boolean,
  night: string
): Promise<void> {
  const { source, first, last } = record
  const now = (await recordAt(store, source, { first, last })) ?? record
  const { [night]: _, ...closedIn } = now.closedIn ?? {}
  const others = now.files.filter((file) => !isOfIt(file))
  const files = [...others, ...record.files.filter(isOfIt)]
  const { closedIn: _before, ...rest } = now
  const isOpen = Object.keys(closedIn).length === 0
  const opened = { ...rest, files, ...(isOpen ? {} : { closedIn }) }
  await replaceFile(store, ledgerPath(source, first, last), opened)
}
