import { amount, are } from '../amount.ts'
import { indexedUpTo, saidUpTo, wholeIndex } from '../duplicates/index-files.ts'
import type { FoundIndexFile } from '../duplicates/index-files.ts'
import { MarkSum } from '../duplicates/mark-sum.ts'
import { MARK_BYTES, readMarks } from '../duplicates/marks.ts'
import type { Marks } from '../duplicates/marks.ts'
import type { Finding } from '../verify/finding.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { requeuedSource } from '../lake/requeue-name.ts'
import { newestRun } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'
import { contentFault } from './index-content.ts'

/** A stream that has more parts than this outside the index is behind with it. */
const MOST_YOUNG = 80
const MOST_PENDING = 100_000

/** What the ledger says of an index file. */
interface Wanted {
  readonly file: FoundIndexFile
  readonly sum: MarkSum
  /** Positions of it that are in parts. */
  covered: number
  /** It is of a part that does not say what it took in. */
  isUnknown: boolean
}

/** Parts that are in no index file yet: where they begin, and how many alerts each has. */
interface PendingParts {
  readonly firsts: number[]
  readonly marks: number[]
}

interface SourceIndex {
  readonly files: readonly Wanted[]
  readonly said: number | null | 'damaged'
  /** Files are looked at in the order of their begins, as parts come. */
  begun: number
  active: Wanted[]
  /** Parts that should be in the index and are in no file, by `survey/night`. */
  readonly absent: { readonly first: number; readonly last: number; readonly marks: number }[]
  readonly pending: PendingParts
  end: number
  isStream: boolean
}

/** What a finding is about, without its kind. */
type Told = Pick<Finding, 'text' | 'isDifference'>

/**
 * The index of copies held against the ledger: what it has is of parts of the lake, and all that it says to have is in
 * it. Records are given in their order; memory grows with the files of the index, not with what is in them.
 */
export class IndexCheck {
  readonly #store: Store
  readonly #sources = new Map<string, SourceIndex>()
  readonly #others: readonly string[]

  private constructor(store: Store, others: readonly string[]) {
    this.#store = store
    this.#others = others
  }

  /** To be opened before the ledger is read: what is in the index by then is in the ledger. */
  static async open(store: Store): Promise<IndexCheck> {
    const { sources } = await wholeIndex(store)
    const said = new Map<string, SourceIndex['said']>()
    for (const source of sources) said.set(source, await saidUpTo(store, source))
    const { files, others } = await wholeIndex(store) // files are written before it is said
    const check = new IndexCheck(store, others)
    for (const [source, own] of Map.groupBy(files, (file) => file.source)) {
      check.#add(source, own, said.get(source) ?? null)
    }
    for (const source of sources) {
      if (!check.#sources.has(source)) check.#add(source, [], said.get(source) ?? null)
    }
    return check
  }

  #add(source: string, files: readonly FoundIndexFile[], said: SourceIndex['said']): SourceIndex {
    const wanted = files
      .toSorted((a, b) => a.first - b.first)
      .map((file) => ({ file, sum: new MarkSum(), covered: 0, isUnknown: false }))
    const pending = { firsts: [], marks: [] }
    const state = { begun: 0, active: [], absent: [], pending, end: 0, isStream: false }
    const index = { files: wanted, said, ...state }
    this.#sources.set(source, index)
    return index
  }

  take(record: PartRecord): void {
    const { source, first, last, stream, alerts } = record
    const own = this.#sources.get(source) ?? this.#add(source, [], null)
    own.isStream ||= stream !== undefined
    own.end = Math.max(own.end, last + 1)
    own.active = own.active.filter(({ file }) => file.last >= first)
    for (let next = own.files[own.begun]; next && next.file.first <= first;) {
      own.active.push(next)
      next = own.files[++own.begun]
    }
    const holding = own.active.filter(({ file }) => file.first <= first && last <= file.last)
    for (const file of holding) {
      file.covered += last - first + 1
      file.isUnknown ||= alerts > 0 && !record.marks
    }
    for (const [night, marks] of readMarks(record.marks ?? {}))
      enter(own, record, night, marks, holding)
  }

  /** @param gaps sources of which positions are missing from one on: that is told already. */
  async findings(
    deep: boolean,
    gaps: ReadonlyMap<string, number>,
    finished: ReadonlySet<string>
  ): Promise<Finding[]> {
    const findings: Finding[] = this.#others.map((path) => {
      const text = `${path} is no file of the index of copies`
      return { kind: 'foreign', path, text, isDifference: true }
    })
    for (const [source, own] of this.#sources) {
      const lost = lostBehind(own, gaps.get(source))
      if (lost !== null) findings.push(gapBehind(source, own, lost))
      const told = [
        ...(await this.#faults(source, own, deep, gaps.has(source) || lost !== null)),
        ...(await this.#unheld(source, own, finished.has(source)))
      ]
      for (const one of told) findings.push({ kind: 'index', source, ...one })
    }
    return findings
  }

  /** Files that are not what the ledger says. */
  async #faults(
    source: string,
    { files, end, said }: SourceIndex,
    deep: boolean,
    isGapTold: boolean
  ): Promise<Told[]> {
    const told: Told[] = []
    const say = (text: string) => told.push({ text, isDifference: true })
    for (const { file, sum, covered, isUnknown } of files) {
      const isWhole = covered >= file.last - file.first + 1
      if (!isWhole && end === 0) {
        say(`${file.path} is of source ${source}, which the ledger does not have: ${UNUSED}`)
      } else if (!isWhole && !isGapTold) {
        say(`${file.path} is of positions that the ledger has not all in parts: ${UNUSED}`)
      } else if (isWhole && !isUnknown) {
        const isSame = !deep && looksAs(file, sum)
        const fault = isSame ? null : await contentFault(this.#store, file, sum)
        if (fault !== null) say(fault)
      }
    }
    if (said === 'damaged') {
      say(
        `_siskin/seen/sources/${source}.json is damaged: up to where ${source} is in the index of copies is not known, and it is all written again`
      )
    }
    const reach = files.reduce((most, { file }) => Math.max(most, file.last + 1), 0)
    if (typeof said === 'number' && said > Math.max(end, reach)) {
      say(
        `_siskin/seen/sources/${source}.json says that ${source} is in the index of copies up to ${said}, and the ledger ends at ${end}: parts before ${said} would be left out of it, and ${COPIES}`
      )
    }
    return told
  }

  /** Alerts of the lake that no file of the index has. */
  async #unheld(source: string, own: SourceIndex, isFinished: boolean): Promise<Told[]> {
    const { absent, pending, isStream } = own
    const told: Told[] = []
    if (absent.length > 0) {
      const marks = absent.reduce((sum, part) => sum + part.marks, 0)
      const span = `${absent[0]!.first} to ${absent.at(-1)!.last}`
      const text = `the index of copies lacks ${amount(marks, 'alert')} of source ${source} between ${span}: ${COPIES}`
      told.push({ text, isDifference: true })
    }
    if (pending.firsts.length === 0) return told
    const run = isStream ? null : await newestRun(this.#store, requeuedSource(source) ?? source)
    if (run?.isAtWork) return told
    const left = pendingFrom(pending, await indexedUpTo(this.#store, source)) // written meanwhile
    if (left.parts <= (isStream ? MOST_YOUNG : 0)) return told
    const isOver = isFinished && !run?.isCutOff
    const isDifference = isStream || isOver || left.marks > MOST_PENDING
    const what = `${amount(left.marks, 'alert')} of source ${source} ${are(left.marks)} not in the index of copies`
    const until = isStream
      ? ''
      : ' until the next run, stream or requeue begins and puts them there'
    told.push({ text: `${what}: ${COPIES}${until}`, isDifference })
    return told
  }
}

const UNUSED = 'it is not used, so that nothing is taken for a copy of what is not there'
const COPIES = 'copies of them from another source would be taken in'

function enter(
  own: SourceIndex,
  { first, last }: PartRecord,
  night: string,
  marks: Marks,
  holding: readonly Wanted[]
): void {
  const files = holding.filter(({ file }) => file.night === night)
  for (const { sum } of files) sum.add(marks)
  if (files.length > 0 || marks.count === 0) return
  if (typeof own.said === 'number' && last < own.said) {
    own.absent.push({ first, last, marks: marks.count })
    return
  }
  const { firsts, marks: counts } = own.pending
  if (firsts.at(-1) !== first) counts[firsts.push(first) - 1] = 0 // else of another night
  counts[firsts.length - 1]! += marks.count
}

function pendingFrom({ firsts, marks }: PendingParts, next: number) {
  const left = { parts: 0, marks: 0 }
  for (const [i, first] of firsts.entries()) {
    if (first < next) continue
    left.parts++
    left.marks += marks[i]!
  }
  return left
}

/** By its size and its name. */
function looksAs({ size, least, greatest }: FoundIndexFile, sum: MarkSum): boolean {
  return size === sum.count * MARK_BYTES && least === sum.least && greatest === sum.greatest
}

/** The position behind all that the index has, where that is behind the end of the ledger. */
function lostBehind({ files, end }: SourceIndex, gap: number | undefined): number | null {
  const reach = files.reduce((most, { file }) => Math.max(most, file.last + 1), 0)
  const isTold = gap !== undefined && gap <= end
  return end > 0 && reach > end && !isTold ? reach : null
}

function gapBehind(source: string, { end, isStream }: SourceIndex, reach: number): Finding {
  const word = isStream ? 'offsets' : 'packets'
  const text = `source ${source}: ${word} ${end} to ${reach - 1} are missing; the index of copies says that they were in the lake`
  return { kind: 'gap', source, first: end, last: reach - 1, isStream, text, isDifference: true }
}
