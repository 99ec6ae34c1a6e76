import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DraftBook } from '../consume/book.ts'
import type { SourceBook, SourceRecord } from '../consume/book.ts'
import { Notes } from '../consume/notes.ts'
import { openSources } from '../consume/open.ts'
import type { Source } from '../consume/source.ts'
import { UsageError } from '../errors.ts'
import { committedSpans, OWN } from '../lake/ledger.ts'
import { readJson, replaceFile } from '../store/replace-file.ts'
import { RunClaim } from '../lake/run-claim.ts'
import type { Store } from '../store/store.ts'

/** By the name of the source. */
export type Claims = ReadonlyMap<string, RunClaim>

interface Wanted {
  readonly sources: readonly string[]
  readonly replace?: boolean
  readonly notes?: Notes
  readonly command: string
}

/**
 * Opens what the user named, and claims it. Nothing is remembered of a source before it is ours: another run may be
 * reading it. What another run changed meanwhile is opened again.
 * @throws SiskinError that names the run that has one of them; what `openSources` throws.
 */
export async function openClaimed(
  store: Store,
  { sources: paths, replace = false, notes = new Notes(), command }: Wanted
): Promise<{ readonly sources: readonly Source[]; readonly claims: Claims }> {
  for (const path of paths) await expectApart(path, store)
  let heard = notes
  for (;;) {
    const book = new DraftBook(sourceBook(store))
    const sources = await openSources(paths, { book, replace, notes: heard })
    const names = new Set([...sources.map(({ name }) => name), ...book.written])
    const claims = await claimSources(store, names, command)
    try {
      if (await book.isTrueOf(names)) {
        await book.keep()
        return { sources, claims }
      }
    } catch (error) {
      await release(claims)
      throw error
    }
    await release(claims)
    heard = new Notes((text) => notes.say(text)) // what was skipped is counted once
  }
}

/** @throws UsageError where the lake would lie among the packets that it is filled from. */
async function expectApart(path: string, store: Store): Promise<void> {
  const placeOf = (folder: string) => realpath(folder).catch(() => resolve(folder))
  if ((await placeOf(path)) !== (await placeOf(store.root))) return
  throw new UsageError(
    `--lake ${store.root} is the source itself: name another folder for the lake`
  )
}

/** All of them or none. @throws SiskinError that names the run that has one of them. */
async function claimSources(
  store: Store,
  names: Iterable<string>,
  command: string
): Promise<Claims> {
  const claims = new Map<string, RunClaim>()
  try {
    for (const name of names) claims.set(name, await RunClaim.take(store, name, command))
    return claims
  } catch (error) {
    await release(claims)
    throw error
  }
}

export async function release(claims: Claims): Promise<void> {
  for (const claim of claims.values()) await claim.release()
}

/** What the lake remembers of the sources of files. */
export function sourceBook(store: Store): SourceBook {
  const folder = `${OWN}/sources`
  const path = (source: string) => `${folder}/${source}.json`
  return {
    async names() {
      const files = await store.entries(folder)
      return files.flatMap(({ name }) => /(.+)\.json$/.exec(name)?.[1] ?? [])
    },
    load: (source) => readJson<SourceRecord>(store, path(source)),
    async save(record) {
      await replaceFile(store, path(record.name), record)
    },
    done: (source) => committedSpans(store, source)
  }
}
