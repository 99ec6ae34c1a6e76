import { messageOf } from '../errors.ts'
import { nightOfClosed } from '../lake/closed.ts'
import { atOnce } from '../store/at-once.ts'
import { lastSpan, spansFrom } from '../lake/ledger.ts'
import { ownedTopics } from '../lake/owners.ts'
import { requeuedSource } from '../lake/requeue-name.ts'
import { isClaimed } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import { indexedBehind, indexedUpTo, setIndexedBehind, writeIndex } from './index-files.ts'
import type { MarkedPart } from './index-files.ts'
import { beginList, behindSources, isListKept, markBehind } from './behind.ts'
import { landedFrom, marksIn } from './index-writer.ts'

const SOURCES_AT_ONCE = 8
/** As large as the files that a run writes. */
const MOST_MARKS = 50_000

/**
 * Brings into the index what runs that were killed had landed and not put there: until they are run again nobody else
 * would, and copies would be taken in. Only sources that may be behind are asked (`behind.ts`).
 * To be called by all who begin to take packets in, before they judge the first.
 * @param own sources that the caller keeps the index of
 */
export async function catchUpIndex(
  store: Store,
  own: readonly string[],
  warn: (message: string) => void
): Promise<void> {
  const isFirst = !(await isListKept(store))
  const behind = await behindSources(store)
  const streams = new Set(await streamsAmong(store, behind))
  const known = new Set(isFirst ? own : [...own, ...streams])
  // what lies in closed nights is in the index by the parts that it came in
  const isIntake = (source: string) => !known.has(source) && nightOfClosed(source) === null
  let isAllKnown = true
  await atOnce(behind.filter(isIntake), SOURCES_AT_ONCE, async (source) => {
    try {
      const isWhole = await catchUp(store, source, streams.has(source))
      if (!isWhole && isFirst) await markBehind(store, source, 'before')
    } catch (error) {
      isAllKnown = false
      warn(`the index of copies of ${source} is behind: ${messageOf(error)}`)
    }
  })
  if (isFirst && isAllKnown)
    await beginList(store).catch((error: unknown) => {
      warn(`which sources are behind with the index of copies cannot be noted: ${messageOf(error)}`)
    })
}

/** True when all parts of the source are in the index. */
async function catchUp(store: Store, source: string, isStream: boolean): Promise<boolean> {
  const next = await indexedUpTo(store, source)
  const last = await lastSpan(store, source)
  if (last === null || last.last < next) return true
  // What is being requeued is claimed by the name of its source.
  if (isStream || (await isClaimed(store, requeuedSource(source) ?? source))) return false
  const landed = (await spansFrom(store, source, next)).length
  if (landed === (await indexedBehind(store, source))) return false // as at the last look
  return indexFrom(store, source, next)
}

/** Of sources those that are partitions of Kafka: of these the members of the stream do it. */
export async function streamsAmong(store: Store, sources: readonly string[]): Promise<string[]> {
  const topics = new Set(await ownedTopics(store))
  return sources.filter((name) => topics.has(name.replace(/^\+|-\d+$/g, '')))
}

/**
 * Parts behind a hole are put there too, once as long as no other lands, and once more by the run that fills it: up to the
 * hole the source is said to be in the index. What was requeued has holes for good, and is said to be in it to its end.
 */
async function indexFrom(store: Store, source: string, next: number): Promise<boolean> {
  let upTo = next
  let behind = 0
  for await (const parts of runsFrom(store, source, next)) {
    const [begin, end] = [parts[0]!, parts.at(-1)!]
    await writeIndex(store, source, parts)
    if (begin.first === upTo || begin.requeued) upTo = end.last + 1
    else behind += parts.length
  }
  await setIndexedBehind(store, source, upTo, behind)
  return behind === 0
}

/** Parts that follow each other, as many as fit into a file. */
async function* runsFrom(
  store: Store,
  source: string,
  next: number
): AsyncGenerator<readonly MarkedPart[], void> {
  let run: MarkedPart[] = []
  let marks = 0
  for await (const part of landedFrom(store, source, next)) {
    const end = run.at(-1)
    if (end && (part.first !== end.last + 1 || marks >= MOST_MARKS)) {
      yield run
      run = []
      marks = 0
    }
    run.push(part)
    marks += marksIn(part)
  }
  if (run.length > 0) yield run
}
