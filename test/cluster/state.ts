import { readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** A server that `up` left running. */
export interface RunningServer {
  readonly name: string
  readonly address: string
  /** In the order of their start. */
  readonly pids: readonly number[]
}

const FOLDER =
  process.env['SISKIN_CLUSTER_STATE'] ?? join(tmpdir(), `siskin-cluster-${userInfo().username}`)

/** What is up, beside its data. */
export const STATE = join(FOLDER, 'up.json')

export function readState(): RunningServer[] {
  return JSON.parse(readFileSync(STATE, 'utf8')) as RunningServer[]
}

/** One line a server. */
export function describeCluster(running: readonly RunningServer[]): string {
  const lines = running.map(
    ({ name, address, pids }) => `${name.padEnd(6)} ${address}  (process ${pids.join(', ')})`
  )
  return lines.join('\n')
}
