import { crc32 } from 'node:zlib'
import { layHead, syncOf } from '../avro/container.ts'
import { ContainerError, readHeader } from '../avro/heads.ts'
import { SiskinError } from '../errors.ts'
import { eachTaken, isOfNight, openedPath, takenPath } from '../lake/closed.ts'
import type { Moved, TakenPart } from '../lake/closed.ts'
import { ledgerPath } from '../lake/ledger.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { recordAt } from '../lake/records.ts'
import { isMissing } from '../store/errors.ts'
import { replaceBytes, replaceFile } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'
import { withSync } from './containers.ts'
import { DamagedFile } from './damaged.ts'

/**
 * Opens a closed night again of which a file is damaged: its parts get their records back, and their packets out of those
 * files that are whole, byte for byte; what they lack then is made again as of any part. The record of the closed part goes
 * last, so that this may be done again: one without files stays in its place, so that no later close takes its number, by which
 * readers know what they have read.
 * @throws SiskinError where it is not known any more of what the night was merged: nothing was touched then
 * @param aside moves a file of the closed part out of the way
 * @returns parts that are open again
 */
export async function reopen(
  store: Store,
  closed: PartRecord,
  aside: (path: string) => Promise<unknown>
): Promise<number> {
  const night = closed.closes!.night
  await expectTaken(store, closed)
  let parts = 0
  for await (const taken of eachTaken(store, closed)) {
    for (const moved of taken.moved) await packetsBack(store, taken, moved)
    await recordBack(store, taken, night)
    parts++
  }
  const { source, first, last } = closed
  await replaceBytes(store, openedPath(source, first), await store.read(takenPath(source, first)))
  await replaceFile(store, ledgerPath(source, first, last), emptied(closed))
  for (const { path } of closed.files) await aside(path)
  return parts
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

/** With the files of the night, as far as they are not in another one of its closes. */
async function recordBack(store: Store, { record }: TakenPart, night: string): Promise<void> {
  const { source, first, last } = record
  const now = (await recordAt(store, source, { first, last })) ?? record
  const { [night]: _, ...closedIn } = now.closedIn ?? {}
  const others = now.files.filter((file) => !isOfNight(file, night))
  const files = [...others, ...record.files.filter((file) => isOfNight(file, night))]
  const { closedIn: _before, ...rest } = now
  const isOpen = Object.keys(closedIn).length === 0
  const opened = { ...rest, files, ...(isOpen ? {} : { closedIn }) }
  await replaceFile(store, ledgerPath(source, first, last), opened)
}
