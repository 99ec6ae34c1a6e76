import { readdirSync, readFileSync } from 'node:fs'

/** A tick of Linux, as /proc counts processor time: 100 a second. */
const TICK_MS = 10

/**
 * Milliseconds of processor time of this process and all that it started, servers too: on a machine that is shared it
 * tells more than the clock does.
 */
export function processorTime(): number {
  const children = new Map<number, number[]>()
  const ticks = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = statOf(Number(name))
    if (!stat) continue
    ticks.set(stat.pid, stat.ticks)
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat.pid])
  }
  const sumBelow = (pid: number): number => {
    const own = ticks.get(pid) ?? 0
    return (children.get(pid) ?? []).reduce((sum, child) => sum + sumBelow(child), own)
  }
  return sumBelow(process.pid) * TICK_MS
}

/** Null: it ended meanwhile. */
function statOf(pid: number): { pid: number; parent: number; ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // a name may hold spaces
    return { pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
  } catch {
    return null
  }
}
