import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { java } from '../cluster/jars.ts'
import { INSTALL_MS, pythonFor, runPython } from '../support/python.ts'
import { ask } from '../support/ask.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

/** Null if Spark can read here, else why its test skips. */
function whyNoSpark(): string | null {
  const hasJava = spawnSync(java, ['-version']).status === 0
  return hasJava ? null : 'pyspark needs Java 17 or newer, and there is none'
}

/** The plainest call of each reader: rows, and the nights it finds. */
const READERS: Readonly<Record<string, string>> = {
  pandas:
    'import pandas; t = pandas.read_parquet(path); print(len(t), sorted(int(n) for n in set(t.night)))',
  pyarrow:
    'import pyarrow.parquet as pq; t = pq.read_table(path); print(t.num_rows, sorted(set(int(n) for n in t["night"].to_pylist())))',
  polars:
    'import polars; t = polars.read_parquet(path); print(len(t), sorted(set(int(n) for n in t["night"].to_list())))',
  pyspark:
    'from pyspark.sql import SparkSession; s = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate(); t = s.read.parquet(path); print(t.count(), sorted(r[0] for r in t.select("night").distinct().collect()))'
}

describe('the lake opens with the plainest call', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  let expected = ''

  beforeAll(async () => {
    const night = { survey: 'ztf', seed: 5, scale: 0.003, stamps: 'none', nights: 1 } as const
    const archives = ['2026-01-12', '2026-01-13'].map((start) => [
      join(folder, `${start}.tar`),
      start
    ])
    for (const [out = '', start = ''] of archives) {
      await simulate({ ...night, out, start })
      const { code, stderr } = await siskin(['run', out, '--lake', lake, '--part-packets', '50'])
      expect(code, stderr).toBe(0)
    }
    const { stdout } = await ask(['verify', '--lake', lake, '--json'])
    const { alerts, nights } = JSON.parse(stdout) as { alerts: number; nights: object }
    const found = Object.keys(nights).map((key) => Number(key.split('/')[1]))
    expect(found.length).toBeGreaterThan(1)
    expected = `${alerts} [${found.sort((a, b) => a - b).join(', ')}]`
  })

  for (const [reader, program] of Object.entries(READERS)) {
    it(`of ${reader}`, { timeout: INSTALL_MS }, async (context) => {
      const python = await pythonFor(context)
      const why = reader === 'pyspark' ? whyNoSpark() : null
      if (why !== null) {
        console.log(`skipped: the lake read with ${reader}, ${why}`)
        context.skip(why)
      }
      const script = `path = ${JSON.stringify(join(lake, 'ztf/alerts'))}\n${program}`
      const { code, stdout, stderr } = await runPython(python, ['-c', script])
      expect(code, stderr).toBe(0)
      expect(stdout.trim().split('\n').at(-1)).toBe(expected)
    })
  }

  it('of DuckDB', async () => {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const db = await (await DuckDBInstance.create(':memory:')).connect()
    const reader = await db.runAndReadAll(
      `SELECT count(*)::INT AS n, list(DISTINCT night ORDER BY night)::VARCHAR AS nights FROM '${lake}/ztf/alerts/**/*.parquet'`
    )
    const [{ n, nights } = {}] = reader.getRowObjectsJS()
    expect(`${n as number} ${nights as string}`).toBe(expected)
  })
})
