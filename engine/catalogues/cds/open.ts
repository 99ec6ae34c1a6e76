import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Need } from '../../contract/index.ts'
import { messageOf, UsageError } from '../../errors.ts'
import type { Asked } from '../asked.ts'
import { AnswerBook } from './answer-book.ts'
import { askCds } from './ask-cds.ts'
import { CDS, WIDEST } from './service.ts'
import type { Table } from './service.ts'

/** Milliseconds that a batch waits for the service, at most. */
const BUDGET_MS = 5000

/** `cds:simbad`, `cds:vizier:I/355/gaiadr3`, and another service behind a blank; null for what is none. */
export function cdsTable(address: string): Table | null {
  const [, table, service = CDS] = /^cds:(\S+)(?:\s+(https?:\/\/\S+))?$/.exec(address) ?? []
  return table === undefined ? null : { table, service }
}

export interface CdsQuestion {
  readonly asked: readonly Need<unknown>[]
  /** Arc seconds; the widest of all who ask. */
  readonly radius: number
  /** Of somebody: objects that cover a place are asked for. */
  readonly hasExtent: boolean
  readonly warn: (message: string) => void
}

/** @throws UsageError for what the service cannot be asked */
export function openCds(
  name: string,
  table: Table,
  { asked, radius, hasExtent, warn }: CdsQuestion
): Asked {
  if (hasExtent) {
    throw new UsageError(
      `catalogue ${name}: the CDS finds what is nearest, not what covers a place: build a catalogue of the table for that`
    )
  }
  if (radius > WIDEST) {
    throw new UsageError(
      `catalogue ${name}: ${radius} arcsec are asked, and the CDS searches ${WIDEST} at most`
    )
  }
  const columns = [...new Set(asked.map(({ column }) => column))].sort()
  if (columns.length === 0) {
    throw new UsageError(`catalogue ${name}: no column is asked for: the CDS wants to know which`)
  }
  const books = new Map<number, AnswerBook>()
  const book = (own: number) => {
    const question = JSON.stringify([table.service, table.table, columns, own])
    const known = books.get(own) ?? openBook(pathOf(table), question, own, warn)
    books.set(own, known)
    return known
  }
  return askCds({ name, table, book, columns, budget: BUDGET_MS, warn })
}

/** Where answers cannot be kept they hold as long as the process. */
function openBook(
  path: string,
  question: string,
  radius: number,
  warn: CdsQuestion['warn']
): AnswerBook {
  try {
    return new AnswerBook(path, question, radius)
  } catch (error) {
    warn(
      `answers of the CDS cannot be kept in ${path}: ${messageOf(error)}; they are asked for again next time (remove the file, or set XDG_CACHE_HOME)`
    )
    return new AnswerBook(':memory:', question, radius)
  }
}

/** Shared by all who run on this machine. */
function pathOf({ service, table }: Table): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const hash = createHash('sha256').update(`${service} ${table}`).digest('hex').slice(0, 12)
  return join(cache, 'siskin/lookups', `${hash}.sqlite`)
}
