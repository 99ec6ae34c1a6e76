import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf, messageOf, OutageError, SiskinError, UsageError } from '../errors.ts'
import {
  askRegistry,
  isRegistryAddress,
  parseRegistry,
  RegistryError,
  withoutPassword
} from '../registry-http.ts'
import type { RegistryAddress, RegistryAnswer } from '../registry-http.ts'
import { joinSchemas } from './schema-references.ts'

/** Finds writer schemas by Confluent id: a folder of `<id>.avsc`, or a Confluent-compatible registry over HTTP. */
export interface Registry {
  /**
   * The texts of the ids it knows, each whole: what a schema refers to is in it. An id that is not in
   * the answer is one that the place says it does not have.
   * @throws SiskinError when the place cannot say: nothing is known then, and it may be later
   */
  resolve(ids: Iterable<number>, signal?: AbortSignal): Promise<ReadonlyMap<number, Uint8Array>>
}

const TRIES = 4
const TIMEOUT_MS = 3_000
/** Deeper than schemas refer to each other: more is a circle, or a registry that is not sane. */
const MOST_REFERENCES = 1000

/** @throws UsageError if the place is neither a folder that exists nor an http(s) address. */
export function checkPlace(place: string | null): void {
  if (place === null) return
  if (isRegistryAddress(place)) {
    parseRegistry(place)
    return
  }
  if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(
      `schemas "${withoutPassword(place)}": neither a folder nor an http(s) address`
    )
  }
}

/** @param place a folder, or the http(s) address of a registry; null: there is none. */
export function openRegistry(place: string | null): Registry {
  checkPlace(place)
  const known = new Map<number, Uint8Array>()
  const find = place === null ? async () => null : finderOf(place)
  return {
    async resolve(ids, signal) {
      for (const id of ids) {
        if (known.has(id)) continue
        const text = await find(id, signal)
        if (text !== null) known.set(id, Buffer.from(text))
      }
      return known
    }
  }
}

/** The whole text of a schema; null where the place says that it has none of that id. */
type Finder = (id: number, signal?: AbortSignal) => Promise<string | null>

function finderOf(place: string): Finder {
  if (!isRegistryAddress(place)) return (id) => byFolder(place, id)
  const registry = parseRegistry(place)
  return (id, signal) => byHttp(registry, id, signal)
}

async function byFolder(folder: string, id: number): Promise<string | null> {
  const where = `schema ${id} in ${folder}`
  let text: string
  try {
    text = await readFile(join(folder, `${id}.avsc`), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new SiskinError(`${where}: ${messageOf(error)}`, 1, { cause: error })
  }
  const own = unwrapped(where, text.replace(/^\uFEFF/, ''))
  return own === null ? null : joined(where, [own])
}

/** A file may be the answer of a registry, as it was saved: `{"schema": "…"}`. Null for one that is not Avro's. */
function unwrapped(where: string, text: string): string | null {
  const body = objectIn(text)
  if (typeof body['schema'] !== 'string' || 'type' in body) return text
  const found = schemaIn({ known: true, body }, where)
  if (found?.references.length) {
    throw new RegistryError(
      `${where}: a registry's answer that refers to ${found.references.join(', ')}; save the whole schema, or give the registry itself`,
      true
    )
  }
  return found?.text ?? null
}

/** Empty for what is no JSON object: who reads it as a schema will say so. */
function objectIn(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? { ...body } : {}
  } catch {
    return {}
  }
}

async function byHttp(
  registry: RegistryAddress,
  id: number,
  signal?: AbortSignal
): Promise<string | null> {
  const ask = (path: string) => askAgain(registry, path, signal)
  const path = `/schemas/ids/${id}`
  const own = schemaIn(await ask(path), `${registry.base}${path}`)
  if (own === null) return null
  const texts = [own.text]
  const seen = new Set<string>()
  const open = [...own.references]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (seen.has(next)) continue
    seen.add(next)
    const url = `${registry.base}${next}`
    if (seen.size > MOST_REFERENCES) throw missing(id, url, 'there is no end of references')
    const found = schemaIn(await ask(next), url)
    if (found === null) throw missing(id, url, 'the registry does not have it')
    texts.push(found.text)
    open.push(...found.references)
  }
  return joined(`schema ${id} of ${registry.base}`, texts)
}

function missing(id: number, url: string, why: string): RegistryError {
  return new RegistryError(`schema ${id} refers to ${url}: ${why}; register it there`, true)
}

interface Registered {
  readonly text: string
  /** Where in the registry the schemas are that this one refers to. */
  readonly references: readonly string[]
}

/** Null for an id that is not there, and for a schema that is none of Avro's. */
function schemaIn(answer: RegistryAnswer, url: string): Registered | null {
  if (!answer.known) return null
  const { schema, schemaType = 'AVRO', references } = answer.body
  if (schemaType !== 'AVRO') return null
  if (typeof schema !== 'string') {
    throw new RegistryError(
      `schema registry ${url}: the answer holds no schema; is the address right?`,
      false
    )
  }
  const all = (Array.isArray(references) ? references : []) as Record<string, unknown>[]
  return {
    text: schema,
    references: all.map(({ subject, version }) => {
      return `/subjects/${encodeURIComponent(String(subject))}/versions/${Number(version)}`
    })
  }
}

/** Asks a few times where that may help. */
async function askAgain(
  registry: RegistryAddress,
  path: string,
  signal?: AbortSignal
): Promise<RegistryAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      const answer = await askRegistry(registry, { path, timeoutMs: TIMEOUT_MS, signal })
      schemaIn(answer, `${registry.base}${path}`)
      return answer
    } catch (error) {
      const helps = error instanceof RegistryError && !error.lasts
      if (!helps || tries === TRIES) throw error
      await delay(200 * 2 ** tries, null, signal ? { signal } : {})
    }
  }
}

function joined(where: string, texts: readonly string[]): string {
  try {
    return joinSchemas(texts)
  } catch (error) {
    throw new RegistryError(`${where}: ${messageOf(error)}; mend the schema`, true)
  }
}

/** A registry that does not answer is no fault of the packets. */
export async function resolveOrFail(
  registry: Registry,
  ids: Iterable<number>,
  signal?: AbortSignal
): Promise<ReadonlyMap<number, Uint8Array>> {
  try {
    return await registry.resolve(ids, signal)
  } catch (error) {
    throw new OutageError(messageOf(error), 1, { cause: error })
  }
}
