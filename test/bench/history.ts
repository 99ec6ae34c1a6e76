import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { simulate } from '../../simulator/index.ts'

// History against the live path, on the same alerts with the same members; and one filter over a closed night.
const MODULES = 'quality,detections,apparent,solar_system,rate,features'
const MEMBERS = '2'
/** Of a ZTF night: about 100,000 alerts. */
const CLOSED_SCALE = 0.6

interface Ran {
  readonly alerts: number
  readonly seconds: number
}

export interface HistoryTimes {
  readonly alerts: number
  /** Alerts a second of `siskin run`, and of six modules over what it made. */
  readonly run: number
  readonly history: number
  /** One filter over a closed night, with the start of the program. */
  readonly backtest: Ran
}

function siskin(...args: string[]): string {
  const command = ['jobs/siskin.js', ...args]
  return execFileSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore']
  })
}

const told = (text: string) => JSON.parse(text) as Ran
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** They take turns, so that a slow minute of the machine falls on both. */
export async function timeHistory(
  archive: string,
  folder: string,
  rounds: number
): Promise<HistoryTimes> {
  const lake = join(folder, 'history')
  const [run, history]: [number[], number[]] = [[], []]
  let alerts = 0
  for (let round = 0; round < rounds; round++) {
    rmSync(lake, { recursive: true, force: true })
    const live = told(siskin('run', archive, '--lake', lake, '--members', MEMBERS, '--json'))
    alerts = live.alerts
    run.push(live.alerts / live.seconds)
    const asked = ['--lake', lake, '--members', MEMBERS, '--modules', MODULES, '--json']
    history.push(alerts / told(siskin('reprocess', ...asked)).seconds)
  }
  rmSync(lake, { recursive: true, force: true })
  const backtest = await timeBacktest(folder, rounds)
  return { alerts, run: median(run), history: median(history), backtest }
}

async function timeBacktest(folder: string, rounds: number): Promise<Ran> {
  const lake = join(folder, 'closed')
  if (!existsSync(lake)) {
    const out = join(folder, 'closed.tar')
    const night = { start: '2026-01-14', seed: 7, stamps: 'none' } as const
    await simulate({ ...night, out, scale: CLOSED_SCALE })
    siskin('run', out, '--lake', lake)
    siskin('close', '--lake', lake, '--older-than', '1h')
    rmSync(out)
  }
  const seconds: number[] = []
  let alerts = 0
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    alerts = told(siskin('backtest', 'fast_riser', '--lake', lake, '--json')).alerts
    seconds.push((performance.now() - began) / 1000)
  }
  return { alerts, seconds: median(seconds) }
}
