import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { PartRecord } from '../../engine/lake/ledger.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { simulate } from '../../simulator/index.ts'
import type { LakeVerdict } from '../../jobs/verify/text.ts'
import { tarOf } from '../support/archives.ts'
import { ask } from '../support/ask.ts'

/** A small night of ZTF, some of whose alerts are selected; here and there a packet that is cut off. */
export async function nightOf(folder: string, seed = 5): Promise<string> {
  const out = join(folder, `night${seed}.tar`)
  await simulate({
    out,
    survey: 'ztf',
    start: '2026-01-12',
    nights: 1,
    seed,
    scale: 0.003,
    stamps: 'none',
    inject: { kilonova: 20 }
  })
  const packets = readArchive(out).map(({ name, bytes }, i) => {
    return { name, bytes: i % 15 === 7 ? bytes.subarray(0, bytes.length - 100) : bytes }
  })
  writeFileSync(out, tarOf(packets))
  return out
}

export async function runInto(lake: string, source: string, ...more: string[]): Promise<void> {
  const outcome = await ask([
    'run',
    source,
    '--lake',
    lake,
    '--part-packets',
    '20',
    '--members',
    '1',
    ...more
  ])
  expect(outcome.code, outcome.stderr).toBe(0)
}

export async function verdictOf(lake: string, ...more: string[]): Promise<LakeVerdict> {
  const { stdout, stderr } = await ask(['verify', '--lake', lake, '--json', ...more])
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as LakeVerdict
}

/** Files of a lake below a folder, by path. */
export function filesIn(lake: string, folder: string): string[] {
  return readdirSync(join(lake, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(lake.length + 1))
    .sort()
}

export function recordsIn(lake: string): PartRecord[] {
  return filesIn(lake, '_siskin/ledger').map((path) => recordAt(lake, path))
}

function recordAt(lake: string, path: string): PartRecord {
  return JSON.parse(readFileSync(join(lake, path), 'utf8')) as PartRecord
}

/** Changes bytes of a file, its size stays. */
export function damage(lake: string, path: string, from: number, to: number): void {
  const bytes = readFileSync(join(lake, path))
  const at = (place: number) => Math.floor(place < 1 ? place * bytes.length : place)
  for (let i = at(from); i < at(to); i++) bytes[i] = bytes[i]! ^ 0xff
  writeFileSync(join(lake, path), bytes)
}
