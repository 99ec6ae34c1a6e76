import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { messageOf, SiskinError } from '../errors.ts'
import type { Alert } from './alert.ts'
import { alertIdOf, objectIdOf } from './alert.ts'

/** What a shell ends with when it could not run what it was given. */
const NEVER_RAN: Readonly<Record<number, string>> = {
  126: 'it cannot be run',
  127: 'there is no such command'
}

/**
 * Runs a command of the shell for an alert: JSON on its standard input, topic and ids in its
 * environment. It has a group of processes of its own, so that a terminal's Ctrl-C lets it finish.
 * @returns null if it ended well, else how it ended.
 * @throws SiskinError where there is no such command: it would fail for every alert.
 */
export async function execFor(alert: Alert, command: string, json: string): Promise<string | null> {
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
    env: {
      ...process.env,
      SISKIN_TOPIC: alert.message.topic,
      SISKIN_OBJECT_ID: objectIdOf(alert),
      SISKIN_ALERT_ID: alertIdOf(alert)
    }
  })
  child.stdin.on('error', () => {}) // it need not read what it is given
  child.stdin.end(`${json}\n`)
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
    if (code === 0) return null
    const why = NEVER_RAN[code ?? 0]
    if (why !== undefined) throw new SiskinError(`--exec ${command}: ${why} (${code})`)
    return signal ? `was ended by ${signal}` : `ended with ${code}`
  } catch (error) {
    if (error instanceof SiskinError) throw error
    throw new SiskinError(`--exec ${command}: ${messageOf(error)}`, 1, { cause: error })
  }
}
