import { amount } from '../amount.ts'
import { TornFileError } from '../errors.ts'
import type { FileRecord, SourceRecord } from '../consume/book.ts'
import { namesOf, safeStem } from '../consume/identity.ts'
import type { Finding } from '../verify/finding.ts'
import { OWN } from '../lake/ledger.ts'
import { readJson } from '../store/replace-file.ts'
import type { Store } from '../store/store.ts'

const FOLDER = `${OWN}/sources`
const HARM =
  'whether all of it was taken in is not known, and its archive under another name would be taken in again'

/** A source as its parts in the ledger show it. */
export interface SeenSource {
  readonly end: number
  /** Its packets come from files: it is no partition, and not what was requeued. */
  readonly isOfFiles: boolean
}

/** What the lake remembers of its sources, held against the ledger: each file is read, as they are small. */
export async function bookFindings(
  store: Store,
  seen: ReadonlyMap<string, SeenSource>
): Promise<Finding[]> {
  const findings: Finding[] = []
  const known = new Map<string, SourceRecord>()
  const bad = new Set<string>()
  const told = (source: string, path: string | null, text: string, isDifference = true) =>
    void findings.push({ kind: 'book', source, path, text, isDifference })
  for (const { path } of await store.list(FOLDER)) {
    const [, name] = /^_siskin\/sources\/([^/]+)\.json$/.exec(path) ?? []
    if (name === undefined) {
      if (path.endsWith('.new')) continue // a draft: looked at elsewhere
      const text = `${path} says nothing of a source`
      findings.push({ kind: 'foreign', path, text, isDifference: true })
      continue
    }
    const { record, fault } = await readRecord(store, path, name)
    if (record) known.set(name, record)
    else bad.add(name)
    if (fault !== null) told(name, path, `${path} is damaged: ${fault}; ${HARM}`)
  }
  for (const [source, { end, isOfFiles }] of seen) {
    if (!isOfFiles || bad.has(source)) continue
    const record = known.get(source)
    const path = `${FOLDER}/${source}.json`
    if (!record) told(source, null, `${path} is missing: ${HARM}`)
    else if (record.kind === 'lost') told(source, null, lostText(source), false)
    else if (record.kind !== 'alias' && record.count !== null && record.count < end) {
      const text = `${path} says that ${source} has ${amount(record.count, 'packet')}, and the ledger has ${end} of it; ${HARM}`
      told(source, path, text)
    }
  }
  for (const [name, record] of known) findings.push(...contradictions(name, record, known))
  return findings
}

function lostText(source: string): string {
  return `what was known of source ${source} was lost, its parts are whole; siskin repair --source learns it again from its archive`
}

async function readRecord(
  store: Store,
  path: string,
  name: string
): Promise<{ readonly record: SourceRecord | null; readonly fault: string | null }> {
  try {
    const record = await readJson<SourceRecord>(store, path)
    if (record === null) return { record: null, fault: null } // gone since it was listed
    const fault = faultIn(record, name)
    return { record: fault === null ? record : null, fault }
  } catch (error) {
    if (!(error instanceof TornFileError)) throw error
    return { record: null, fault: 'it is no JSON object' }
  }
}

function faultIn(record: SourceRecord, name: string): string | null {
  if (record.name !== name) return `it is of ${record.name}`
  if (record.kind === 'alias') return typeof record.of === 'string' ? null : 'it names no source'
  if (record.kind === 'lost') return null
  if (typeof record.path !== 'string') return 'it does not say where the source lay'
  const { count } = record
  if (count !== null && !(Number.isSafeInteger(count) && count >= 0)) {
    return `it counts ${String(count)} packets`
  }
  if (record.abandoned && !Array.isArray(record.abandoned.missing)) {
    return 'it does not say what of it was given up'
  }
  if (record.kind === 'file') {
    const isTold = Array.isArray(record.identities) && record.identities.every(isIdentity)
    return isTold && record.identities.length > 0
      ? null
      : 'it does not say what the file is told by'
  }
  if (record.kind !== 'folder') return `it is of kind ${String((record as { kind: unknown }).kind)}`
  const lists = [record.files, record.elsewhere]
  const isTold = lists.every((list) => Array.isArray(list) && list.every(isKnownFile))
  return isTold ? null : 'it does not say what the files are told by'
}

function isIdentity({ size, digest }: FileRecord['identities'][number]): boolean {
  return Number.isSafeInteger(size) && typeof digest === 'string'
}

function isKnownFile({ name, size, digest }: { name: unknown; size: unknown; digest: unknown }) {
  return typeof name === 'string' && Number.isSafeInteger(size) && typeof digest === 'string'
}

/** What records say of each other. */
function contradictions(
  name: string,
  record: SourceRecord,
  known: ReadonlyMap<string, SourceRecord>
): Finding[] {
  const path = `${FOLDER}/${name}.json`
  if (record.kind === 'alias' && known.get(record.of)?.kind !== 'file') {
    const text = `${path} is another name of ${record.of}, which is no file that the lake remembers`
    return [{ kind: 'foreign', path, text, isDifference: true }]
  }
  if (record.kind !== 'file') return []
  return record.identities.slice(1).flatMap((identity): Finding[] => {
    const { digest } = identity
    if (namesOf([...known.keys()], [digest]).length > 0) return []
    const alias = `${safeStem(record.path)}-${digest.slice(0, 12)}`
    const text = `${FOLDER}/${alias}.json is missing: ${name}, which grew, would be taken in again as another source`
    return [{ kind: 'alias', source: name, alias, text, isDifference: true }]
  })
}
