import { messageOf } from '../errors.ts'
import { nightOfClosed } from '../lake/closed.ts'
import { atOnce } from '../store/at-once.ts'
import { lastSpan, spansFrom } from '../lake/ledger.ts'
import { ledgerSources } from '../lake/ledger-walk.ts'
import { ownedTopics } from '../lake/owners.ts'
import { isClaimed } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import { indexedBehind, indexedUpTo, setIndexedBehind, writeIndex } from './index-files.ts'
import type { MarkedPart } from './index-files.ts'
import { landedFrom, marksIn } from './index-writer.ts'

const SOURCES_AT_ONCE = 8
/** As large as the files that a run writes. */
const MOST_MARKS = 50_000

/**
 * Brings into the index what runs that were killed had landed and not put there: until they are run again nobody else
 * would, and copies would be taken in. To be called by all who begin to take packets in, before they judge the first.
 * @param own sources that the caller keeps the index of
 */
export async function catchUpIndex(
  store: Store,
  own: readonly string[],
  warn: (message: string) => void
): Promise<void> {
  const known = new Set([...own, ...(await streamSources(store))])
  // what lies in closed nights is in the index by the parts that it came in
  const isIntake = (source: string) => !known.has(source) && nightOfClosed(source) === null
  const others = (await ledgerSources(store)).filter(isIntake)
  await atOnce(others, SOURCES_AT_ONCE, async (source) => {
    try {
      const next = await indexedUpTo(store, source)
      const last = await lastSpan(store, source)
      if (last === null || last.last < next || (await isClaimed(store, source))) return
      const landed = (await spansFrom(store, source, next)).length
      if (landed === (await indexedBehind(store, source))) return // as at the last look
      await indexFrom(store, source, next)
    } catch (error) {
      warn(`the index of copies of ${source} is behind: ${messageOf(error)}`)
    }
  })
}

/** Sources of the lake that are partitions of Kafka: of these the members of the stream do it. */
export async function streamSources(store: Store): Promise<string[]> {
  const topics = new Set(await ownedTopics(store))
  if (topics.size === 0) return []
  const isOfTopic = (name: string) => topics.has(name.replace(/^\+|-\d+$/g, ''))
  return (await ledgerSources(store)).filter(isOfTopic)
}

/**
 * Parts behind a hole are put there too, once as long as no other lands, and once more by the run that fills it: up to the
 * hole the source is said to be in the index. What was requeued has holes for good, and is said to be in it to its end.
 */
async function indexFrom(store: Store, source: string, next: number): Promise<void> {
  let upTo = next
  let behind = 0
  for await (const parts of runsFrom(store, source, next)) {
    const [begin, end] = [parts[0]!, parts.at(-1)!]
    await writeIndex(store, source, parts)
    if (begin.first === upTo || begin.requeued) upTo = end.last + 1
    else behind += parts.length
  }
  await setIndexedBehind(store, source, upTo, behind)
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
