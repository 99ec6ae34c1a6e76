import { messageOf, SiskinError, UsageError } from '../errors.ts'

/** A Confluent-compatible registry: its address, and how to ask it. */
export interface RegistryAddress {
  /** Without user and password, and without a slash at its end: for messages too. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly user: string | null
}

/** What a registry answers: JSON, or that it does not know what it was asked for. */
export type RegistryAnswer =
  | { readonly known: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly known: false; readonly why: string | null }

/**
 * A registry that gave no answer that counts.
 * `canRetry` is false where somebody has to do something first.
 */
export class RegistryError extends SiskinError {
  override readonly name = 'RegistryError'
  override readonly code = 'registry'
  override readonly canRetry: boolean

  constructor(message: string, canRetry: boolean, options?: ErrorOptions) {
    super(message, 1, options)
    this.canRetry = canRetry
  }
}

const HTTP = /^https?:\/\//i

export function isRegistryAddress(place: string): boolean {
  return HTTP.test(place)
}

/** A text without the user and the password of an address in it: for messages. */
export function withoutPassword(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/?#\s]*@/gi, '$1')
}

/** An address with a user and a password; as it is where it names a user already, or is no address. */
export function withPassword(place: string, user: string | null, password: string | null): string {
  if (user === null || !isRegistryAddress(place) || withoutPassword(place) !== place) return place
  const secret = `${encodeURIComponent(user)}:${encodeURIComponent(password ?? '')}`
  return place.replace(HTTP, (scheme) => `${scheme}${secret}@`)
}

/** @throws UsageError for an address that is none; its message holds no password. */
export function parseRegistry(place: string): RegistryAddress {
  const url = isRegistryAddress(place) ? URL.parse(place) : null
  if (!url) {
    throw new UsageError(
      `schema registry "${withoutPassword(place)}" is no address: give http(s)://host:port`
    )
  }
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  const json = { accept: 'application/vnd.schemaregistry.v1+json, application/json' }
  if (url.username === '') return { base, headers: json, user: null }
  const user = plain(url.username)
  const secret = Buffer.from(`${user}:${plain(url.password)}`).toString('base64')
  return { base, headers: { ...json, authorization: `Basic ${secret}` }, user }
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

interface Question {
  readonly path: string
  /** Sent as JSON; without, it is only asked. */
  readonly body?: object
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Asks once. @throws RegistryError that tells what is wrong and what to do; the reason of `signal`. */
export async function askRegistry(
  registry: RegistryAddress,
  question: Question
): Promise<RegistryAnswer> {
  const { path, body, timeoutMs, signal } = question
  const url = `${registry.base}${path}`
  const timeout = AbortSignal.timeout(timeoutMs)
  const type = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
  try {
    const response = await fetch(url, {
      headers: { ...registry.headers, ...(body && type) },
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      ...(body && { method: 'POST', body: JSON.stringify(body) })
    })
    const answer = jsonOf(await response.text())
    const { status } = response
    const isRefused = status === 404 || (REFUSES.has(status) && !body)
    if (isRefused && (await isAboutThis(registry, status, answer, question))) {
      return {
        known: false,
        why: status === 404 ? null : `${url} is refused (${status}${saidIn(answer)})`
      }
    }
    return judge(registry, url, status, answer)
  } catch (error) {
    if (error instanceof SiskinError) throw error
    signal?.throwIfAborted()
    const what = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : causeOf(error)
    throw failing(url, what, error)
  }
}

/** Answers to a question that is asked wrongly, or that may not be asked: it may be this one only. */
const REFUSES = new Set([400, 403, 405, 406, 409, 410, 422])

/**
 * True if nothing is wrong but with what was asked for: the registry says that it does not know it by a code of its own, or
 * answers others well. No waiting helps then; it does if it lets us do nothing at all.
 */
async function isAboutThis(
  { base, headers }: RegistryAddress,
  status: number,
  body: Readonly<Record<string, unknown>> | null,
  { timeoutMs, signal }: Question
): Promise<boolean> {
  if (status === 404 && /^404\d\d$/.test(String(body?.['error_code']))) return true
  const timeout = AbortSignal.timeout(timeoutMs)
  const response = await fetch(`${base}/subjects`, {
    headers,
    signal: signal ? AbortSignal.any([timeout, signal]) : timeout
  })
  return response.ok && jsonOf(await response.text()) !== null
}

function judge(
  { base, user }: RegistryAddress,
  url: string,
  status: number,
  body: Readonly<Record<string, unknown>> | null
): RegistryAnswer {
  if (status >= 200 && status < 300) {
    if (body) return { known: true, body }
    throw failing(url, 'the answer is no JSON of a registry')
  }
  const says = saidIn(body)
  if (status === 401 || status === 403) {
    const what = user === null ? 'it wants a user and a password' : `it does not let ${user} in`
    const todo =
      'set SISKIN_REGISTRY_USER and SISKIN_REGISTRY_PASSWORD, or put both into the address'
    throw new RegistryError(`schema registry ${base}: ${what} (${status}${says}); ${todo}`, false)
  }
  if (status === 404) {
    throw new RegistryError(
      `schema registry ${url}: nothing of a registry's answers there (404); is the address right?`,
      false
    )
  }
  if (status === 429 || status >= 500) throw failing(url, `it answered ${status}${says}`)
  throw new RegistryError(
    `schema registry ${url}: it refuses the request (${status}${says})`,
    false
  )
}

function saidIn(body: Readonly<Record<string, unknown>> | null): string {
  return typeof body?.['message'] === 'string' ? `: ${body['message'].slice(0, 200)}` : ''
}

function failing(url: string, what: string, cause?: unknown): RegistryError {
  const message = `schema registry ${url}: ${what}; is it running, is the address right?`
  return new RegistryError(message, true, { cause })
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** The built-in fetch says "fetch failed" and hides why. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  return messageOf(cause ?? error) || 'the connection failed'
}
