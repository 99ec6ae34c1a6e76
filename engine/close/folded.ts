import { crc32 } from 'node:zlib'
import { foldedPath } from '../lake/closed.ts'
import type { Folded } from '../lake/closed.ts'
import type { PartFile, PartRecord } from '../lake/ledger.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'
import { readWhole } from './containers.ts'
import { Summed } from './summed.ts'
import type { Takeable } from './taking.ts'

/** Where the layers lie that went into a closed night, by the part that they are of. */
export type FoldedLayers = ReadonlyMap<PartRecord, readonly Folded[]>

/**
 * Keeps the files of layers that go into a closed night as they are, one behind the other in one file: what opens the
 * night again has them, whatever modules there are by then.
 */
export async function writeFolded(
  store: Store,
  parts: readonly Takeable[],
  folder: string,
  path: string
): Promise<{ readonly files: readonly PartFile[]; readonly folded: FoldedLayers }> {
  const files = parts.flatMap((part) => part.layers.flatMap((own) => own.files))
  if (files.length === 0) return { files, folded: new Map() }
  const sum = new Summed()
  await store.writeFrom(`${folder}/${path}`, async function* () {
    sum.restart()
    for (const file of files) yield sum.add(await readWhole(store, file))
  })
  let at = 0
  const folded = new Map<PartRecord, Folded[]>()
  for (const { record, layers } of parts) {
    const own = layers.map(({ record: account, files: all }): Folded => {
      const places = all.map((file) => ({ file, at: (at += file.bytes) - file.bytes }))
      return { record: account, places }
    })
    if (own.length > 0) folded.set(record, own)
  }
  const { bytes, crc } = sum
  return { files: [{ path, kind: 'folded', rows: files.length, bytes, crc32: crc }], folded }
}

/** Puts the files of a layer back where they lay. False: they are not whole. */
export async function filesBack(
  store: Store,
  { source, first }: PartRecord,
  { places }: Folded
): Promise<boolean> {
  const kept = foldedPath(source, first)
  for (const { file, at } of places) {
    if ((await store.size(file.path)) === file.bytes) continue
    const bytes = await store.read(kept, at, file.bytes).catch((error: unknown) => {
      if (isMissing(error)) return new Uint8Array()
      throw error
    })
    if (crc32(bytes).toString(16).padStart(8, '0') !== file.crc32) return false
    await store.write(file.path, [bytes])
  }
  return true
}
