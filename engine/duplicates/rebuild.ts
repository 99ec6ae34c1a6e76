import { blocksOf, readBlock } from '../lake/ledger-walk.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import { filesOfSource, setIndexedUpTo, upToPath, writeIndex } from './index-files.ts'
import { MARK_BYTES } from './marks.ts'

/** As large as those that whoever fills the lake writes. */
const STREAM = { parts: 64, marks: 20_000 }
const FILES = { parts: Number.POSITIVE_INFINITY, marks: 50_000 }

/**
 * Makes the index of a source anew from its ledger. What it had is given to `discard` when all is written, so that
 * nothing that was known is unknown for a moment; what others write meanwhile stays.
 * @returns marks that are in it.
 */
export async function rebuildIndex(
  store: Store,
  source: string,
  drafts: string,
  discard: (path: string) => Promise<void>
): Promise<number> {
  const before = await filesOfSource(store, source)
  const written = new Set<string>()
  let marks = 0
  let upTo = 0
  for await (const parts of runsOf(store, source)) {
    for (const file of await writeIndex(store, source, parts, drafts)) {
      written.add(file.path)
      marks += file.marks.count
    }
    const { first, stream, requeued } = parts[0]!
    const isFixed = stream !== undefined || requeued !== undefined // into a hole of others a run may put parts
    if (isFixed || first === upTo) upTo = parts.at(-1)!.last + 1
  }
  if (upTo > 0) await setIndexedUpTo(store, source, upTo, drafts)
  else if ((await store.size(upToPath(source))) !== null) await discard(upToPath(source))
  for (const path of before) if (!written.has(path)) await discard(path)
  return marks
}

/** Parts that follow each other without a hole, as many as fit into a file: a file counts only where all are there. */
async function* runsOf(store: Store, source: string): AsyncGenerator<readonly PartRecord[], void> {
  let run: PartRecord[] = []
  let marks = 0
  for await (const block of blocksOf(store, source)) {
    for (const record of (await readBlock(store, block)).records) {
      const end = run.at(-1)
      const follows = !end || record.first === end.last + 1
      const most = record.stream ? STREAM : FILES
      if (!follows || run.length >= most.parts || marks >= most.marks) {
        yield run
        run = []
        marks = 0
      }
      run.push(record)
      const texts = Object.values(record.marks ?? {})
      marks += texts.reduce((sum, text) => sum + (text.length * 3) / 4 / MARK_BYTES, 0)
    }
  }
  if (run.length > 0) yield run
}
