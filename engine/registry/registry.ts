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
} from './http.ts'
import type { RegistryAddress, RegistryAnswer } from './http.ts'
import type { Registered } from '../packets.ts'
import { joinSchemas } from './references.ts'

/** Finds writer schemas by Confluent id: a folder of `<id>.avsc`, or a Confluent-compatible registry over HTTP. */
export interface Registry {
  /**
   * The texts of the ids it knows, each whole: what a schema refers to is in it. An id that is not in
   * the answer is one that the place does not have, or not whole: waiting does not help.
   * @throws SiskinError when the place cannot say: nothing is known then, and it may be later
   */
  resolve(ids: Iterable<number>, signal?: AbortSignal): Promise<Registered>
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
  const known = newRegistered()
  const find = place === null ? async () => ({ why: null }) : finderOf(place)
  return {
    async resolve(ids, signal) {
      for (const id of ids) {
        if (known.has(id)) continue
        const found = await find(id, signal)
        if (typeof found === 'string') known.set(id, Buffer.from(found))
        else if (found.why !== null) known.unknown.set(id, found.why)
      }
      return known
    }
  }
}

/** Nothing yet; to be filled. */
export function newRegistered() {
  return Object.assign(new Map<number, Uint8Array>(), { unknown: new Map<number, string>() })
}

/** The place has no schema of an id, or not the whole of it, and what is known of why. */
interface Absent {
  readonly why: string | null
}

/** The whole text of a schema. */
type Finder = (id: number, signal?: AbortSignal) => Promise<string | Absent>

function finderOf(place: string): Finder {
  if (!isRegistryAddress(place)) return (id) => byFolder(place, id)
  const registry = parseRegistry(place)
  return (id, signal) => byHttp(registry, id, signal)
}

async function byFolder(folder: string, id: number): Promise<string | Absent> {
  const where = `schema ${id} in ${folder}`
  let text: string
  try {
    text = await readFile(join(folder, `${id}.avsc`), 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { why: null }
    throw new SiskinError(`${where}: ${messageOf(error)}`, 1, { cause: error })
  }
  const own = unwrapped(where, text.replace(/^\uFEFF/, ''))
  return typeof own === 'string' ? joined(where, [own]) : own
}

/** A file may be the answer of a registry, as it was saved: `{"schema": "…"}`. */
function unwrapped(where: string, text: string): string | Absent {
  const body = objectIn(text)
  if (typeof body['schema'] !== 'string' || 'type' in body) return text
  const found = schemaIn({ known: true, body }, where)
  if ('why' in found) return found
  if (found.references.length === 0) return found.text
  const others = found.references.join(', ')
  return {
    why: `${where}: a registry's answer that refers to ${others}; save the whole schema, or give the registry itself`
  }
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
): Promise<string | Absent> {
  const ask = (path: string) => askAgain(registry, path, signal)
  const path = `/schemas/ids/${id}`
  const own = schemaIn(await ask(path), `${registry.base}${path}`)
  if ('why' in own) return own
  const texts = [own.text]
  const seen = new Set<string>()
  const open = [...own.references]
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (seen.has(next)) continue
    seen.add(next)
    const url = `${registry.base}${next}`
    if (seen.size > MOST_REFERENCES) return missing(id, url, 'there is no end of references')
    const found = schemaIn(await ask(next), url)
    if ('why' in found) return missing(id, url, found.why ?? 'the registry does not have it')
    texts.push(found.text)
    open.push(...found.references)
  }
  return joined(`schema ${id} of ${registry.base}`, texts)
}

function missing(id: number, url: string, why: string): Absent {
  return { why: `schema ${id} refers to ${url}: ${why}; register it there` }
}

interface Entry {
  readonly text: string
  /** Where in the registry the schemas are that this one refers to. */
  readonly references: readonly string[]
}

/** @throws RegistryError for an answer that is none of a registry's. */
function schemaIn(answer: RegistryAnswer, url: string): Entry | Absent {
  if (!answer.known) return { why: answer.why }
  const { schema, schemaType = 'AVRO', references } = answer.body
  if (schemaType !== 'AVRO') return { why: `${url} is a schema of ${String(schemaType)}` }
  if (typeof schema !== 'string') {
    throw new RegistryError(
      `schema registry ${url}: the answer holds no schema; is the address right?`,
      true
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
      const helps = error instanceof RegistryError && error.canRetry
      if (!helps || tries === TRIES) throw error
      await delay(200 * 2 ** tries, null, signal ? { signal } : {})
    }
  }
}

function joined(where: string, texts: readonly string[]): string | Absent {
  try {
    return joinSchemas(texts)
  } catch (error) {
    return { why: `${where}: ${messageOf(error)}; mend the schema` }
  }
}

/** A registry that does not answer is no fault of the packets. */
export async function resolveOrFail(
  registry: Registry,
  ids: Iterable<number>,
  signal?: AbortSignal
): Promise<Registered> {
  try {
    return await registry.resolve(ids, signal)
  } catch (error) {
    throw new OutageError(messageOf(error), 1, { cause: error })
  }
}
