import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, SiskinError, UsageError } from '../errors.ts'
import type { Files } from './files.ts'

const SILENT_MS = 60_000
const PAUSES_MS = [250, 1000, 4000, 15_000]

export function isHttp(path: string): boolean {
  return /^https?:\/\//i.test(path)
}

/** Files of a web server that gives ranges of them. */
export const httpFiles: Files = {
  chunk: 8 * 1024 * 1024,
  fullName: (path) => path.replace(/[?#].*$/, ''), // what is behind it may be a secret
  async info(path) {
    const answer = await ask(path, { method: 'HEAD' })
    if (answer.status === 404 || answer.status === 410) return null
    expectOk(path, answer)
    const length = answer.headers.get('content-length')
    if (length === null) throw unreadable(path, 'the server does not say how large it is')
    const tag = answer.headers.get('etag') ?? answer.headers.get('last-modified')
    return { kind: 'file', size: Number(length), stamp: tag === null ? null : `${length} ${tag}` }
  },
  async open(path) {
    const info = await this.info(path)
    if (!info) throw unreadable(path, 'the server has no such file')
    const read = async (into: Uint8Array, from: number) => {
      const length = Math.min(into.length, info.size - from)
      if (length <= 0) return 0
      into.set(await readRange(path, from, length))
      const { stamp } = (await this.info(path)) ?? { stamp: null }
      if (stamp !== info.stamp) throw unreadable(path, 'it was changed while it was read')
      return length
    }
    return { read, close: async () => {} }
  }
}

async function readRange(path: string, from: number, length: number): Promise<Uint8Array> {
  const range = `bytes=${from}-${from + length - 1}`
  for (let tries = 0; ; tries++) {
    const answer = await ask(path, { headers: { range } })
    expectOk(path, answer)
    if (answer.status !== 206) {
      await answer.body?.cancel()
      throw unreadable(path, 'the server gives whole files only: download it first')
    }
    const bytes = await answer.bytes().catch(() => null)
    if (bytes?.length === length) return bytes
    if (tries === PAUSES_MS.length) throw unreadable(path, `${range} breaks off, again and again`)
    await delay(PAUSES_MS[tries])
  }
}

/** Tries again, with pauses, while the server is not there or not ready. */
async function ask(path: string, request: RequestInit): Promise<Response> {
  for (const pause of [...PAUSES_MS, null]) {
    try {
      const signal = AbortSignal.timeout(SILENT_MS)
      const answer = await fetch(addressOf(path), { ...request, signal })
      const isBusy = answer.status === 429 || answer.status >= 500
      if (!isBusy || pause === null) return answer
      await answer.body?.cancel()
    } catch (error) {
      if (error instanceof SiskinError) throw error
      if (pause === null) throw unreadable(path, whyOf(error))
    }
    await delay(pause)
  }
  throw unreadable(path, 'the server does not answer')
}

function addressOf(path: string): URL {
  if (!URL.canParse(path)) throw new UsageError(`"${path}" is no address of a file`)
  const url = new URL(path)
  if (url.username === '' && url.password === '') return url
  url.username = url.password = ''
  throw new UsageError(`${url.href}: user and password cannot be given in it: download it first`)
}

function expectOk(path: string, { status }: Response): void {
  if (status < 400) return
  const isRefused = status === 401 || status === 403
  throw unreadable(path, isRefused ? `no permission (${status})` : `the server answers ${status}`)
}

/** `fetch failed` has what it was in its cause. */
function whyOf(error: unknown): string {
  const { cause } = Object(error) as { cause?: unknown }
  return messageOf(cause ?? error)
}

function unreadable(path: string, why: string): SiskinError {
  return new SiskinError(`${path} cannot be read: ${why}`)
}
