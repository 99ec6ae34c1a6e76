import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { simulate } from '../../simulator/index.ts'
import { readArchive } from '../../simulator/read-archive.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send } from '../stream/support.ts'
import { INSTALL_MS, pythonOf, runPython } from '../support/python.ts'
import type { Python } from '../support/python.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const DOCUMENT = fileURLToPath(new URL('../../docs/subscribe.md', import.meta.url))
/** Names that are Siskin's own by default are this file's alone. */
const NIGHT = 'python-night'

interface FinkAlert {
  readonly id: string
  readonly object: string
  readonly key: number
  readonly stamp: number
  readonly points: number
}

/** Reads a topic with the consumer of fink-client, and draws one alert as its robots do. */
const READ_FINK = `
import json, sys
from fink_client.consumer import AlertConsumer
from fink_client.botlib import get_curve_ztf, get_cutout
servers, survey, topic = sys.argv[1:]
drawn = 0
with AlertConsumer([topic], {"bootstrap.servers": servers, "group.id": "fink"}, survey) as consumer:
    while True:
        name, alert, key = consumer.poll(timeout=8)
        if alert is None:
            break
        assert name == topic
        if survey == "ztf":
            own = alert["candid"], alert["objectId"], alert["cutoutScience"]["stampData"], alert["prv_candidates"]
            if own[2] and drawn == 0:
                drawn += 1
                assert get_curve_ztf(alert, origin="alert")[1] == 200
                assert get_cutout(cutout=own[2], gzipped=True)[1] == 200
        else:
            own = alert["diaSourceId"], alert["diaSource"]["diaObjectId"], alert["cutoutScience"], alert["prvDiaSources"]
        assert alert["rate"]["status"] in ("ok", "too-short"), alert["rate"]
        print(json.dumps({"id": str(own[0]), "object": str(own[1]), "key": len(key), "stamp": len(own[2] or b""), "points": len(own[3] or [])}))
`

describeKafka('a reader of topics in Python', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const compat = ['--fink-compat', '--out-prefix', 'siskin-']
  let kafka: SharedKafka
  let python: Python | string

  beforeAll(async () => {
    python = await pythonOf()
    if (typeof python === 'string') {
      console.log(`skipped: a reader of topics in Python, ${python}`)
      return
    }
    kafka = await sharedKafka()
    const feed = { topic: NIGHT, partitions: 2 }
    await makeTopic(kafka, feed)
    await send(kafka, feed, await nightOfPackets(folder))
    const args = { kafka, lake, topics: NIGHT, group: 'siskin', more: compat }
    const { code, stderr } = await drain(args)
    expect(code, stderr).toBe(0)
  }, INSTALL_MS)

  function whenPython(name: string, body: (python: Python) => Promise<void> | void): void {
    test(name, async (context) => {
      if (typeof python === 'string') context.skip(python)
      else await body(python)
    })
  }

  async function idsIn(topic: string, field: string, ...args: string[]): Promise<string[]> {
    const flags = ['--brokers', kafka.bootstrap, '--group', `check-${topic}`, '--json']
    const { stdout } = await siskin(['subscribe', topic, ...flags, ...args])
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => String((JSON.parse(line) as Record<string, string>)[field])).sort()
  }

  async function readFink(own: Python, survey: string, topic: string): Promise<FinkAlert[]> {
    const args = ['-c', READ_FINK, kafka.bootstrap, survey, topic]
    const { code, stdout, stderr } = await runPython(own, args, { HOME: folder, MPLBACKEND: 'agg' })
    expect(code, stderr).toBe(0)
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
    return lines.map((line) => JSON.parse(line) as FinkAlert)
  }

  whenPython('the program in the documentation prints every alert of a topic', async (own) => {
    const script = /```python\n([\s\S]+?)```/.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? ''
    const path = join(folder, 'example.py')
    writeFileSync(path, script)
    const { code, stdout, stderr } = await runPython(own, [path], {
      SISKIN_BROKERS: kafka.bootstrap
    })
    expect(code, stderr).toBe(0)
    const ids = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '')
    expect(ids.sort()).toEqual(await idsIn('siskin-fast-riser', 'alert_id'))
    expect(ids.length).toBeGreaterThan(5)
    expect(stdout).toMatch(/^ZTF\w+ \d{16,} \d+\.\d+ -?\d+\.\d+$/m)
  })

  whenPython('fastavro and pyarrow read what was saved', async (own) => {
    const ids = await idsIn('siskin-fast-riser', 'alert_id', '--from', 'earliest')
    const files = ['saved.avro', 'saved.parquet'].map((name) => join(folder, name))
    for (const path of files) {
      const from = ['--brokers', kafka.bootstrap, '--from', 'earliest', '--save', path]
      const { code, stderr } = await siskin(['subscribe', 'fast-riser', ...from])
      expect(code, stderr).toBe(0)
      expect(stderr).toContain(`${ids.length} alerts; saved in ${path}`)
    }
    const script = `
import fastavro, json, pyarrow.parquet as pq, sys
avro = list(fastavro.reader(open(sys.argv[1], "rb")))
table = pq.read_table(sys.argv[2])
rows = sorted(table.to_pylist(), key=lambda row: row["alert_id"])
avro.sort(key=lambda row: row["alert_id"])
assert [str(t) for t in table.schema.field("rate").type][0] == "pyarrow.Field<status: string>"
for a, p in zip(avro, rows):
    for name in p:
        assert a[name] == p[name], (name, a[name], p[name])
print(json.dumps({"ids": [str(row["alert_id"]) for row in rows], "type": str(table.schema.field("alert_id").type),
  "stamps": [n for n in table.column_names if n.startswith("cutout")], "avro": len(avro), "stamp": len(avro[0]["cutout_science"])}))`
    const { code, stdout, stderr } = await runPython(own, ['-c', script, ...files])
    expect(code, stderr).toBe(0)
    const read = JSON.parse(stdout) as { ids: string[]; stamp: number }
    expect(read).toMatchObject({ type: 'int64', stamps: [], avro: ids.length })
    expect(read.ids.sort()).toEqual(ids)
    expect(read.stamp).toBeGreaterThan(1000)
  })

  whenPython('the consumer of fink-client reads a topic in Fink’s form', async (own) => {
    const alerts = await readFink(own, 'ztf', 'fink_fast_riser_ztf')
    const ids = await idsIn('siskin-fast-riser', 'alert_id', '--from', 'earliest')
    expect(alerts.map(({ id }) => id).sort()).toEqual(ids)
    for (const { key, stamp, object } of alerts) {
      expect(key).toBeGreaterThan(5000)
      expect(stamp).toBeGreaterThan(1000)
      expect(object).toMatch(/^ZTF/)
    }
    expect(await idsIn('fink_fast_riser_ztf', 'candid')).toEqual(ids) // siskin subscribe reads it too
  })

  whenPython('finkctl shows and saves it', async (own) => {
    const out = join(folder, 'fink')
    const ids = await idsIn('siskin-fast-riser', 'alert_id', '--from', 'earliest')
    const finkctl = async (...args: string[]) => {
      const ran = await runPython(own, [join(own.folder, 'bin/finkctl'), ...args], { HOME: folder })
      expect(ran.code, ran.stderr).toBe(0)
      return ran.stdout
    }
    const access = ['-groupid', 'finkctl', '-servers', kafka.bootstrap, '-maxtimeout', '5']
    await finkctl('auth', 'register', '-survey', 'ztf', '-username', 'me', ...access)
    await finkctl('topic', 'subscribe', '-survey', 'ztf', '-name', 'fink_fast_riser_ztf')
    const limit = ['-limit', String(ids.length)]
    const shown = await finkctl(
      'stream',
      '-survey',
      'ztf',
      '--display',
      '--save',
      '-outdir',
      out,
      ...limit
    )
    expect(shown.match(/\| fink_fast_riser_ztf \| ZTF\w+/g)).toHaveLength(ids.length)
    const saved = readdirSync(out).map((name) => /_(\d+)\.avro$/.exec(name)?.[1] ?? '')
    expect(saved.sort()).toEqual(ids)
  })

  whenPython('a message too large for its topic has empty stamps', async (own) => {
    const topic = 'tight_fast_riser_ztf'
    await makeTopic(kafka, { topic, partitions: 1, maxBytes: 56_000 })
    const more = ['--filters', 'fast_riser', '--fink-compat', '--fink-prefix', 'tight_']
    const args = { kafka, lake: join(folder, 'tight'), topics: NIGHT, group: 'tight', more }
    const { code, stderr } = await drain(args)
    expect(code, stderr).toBe(0)
    const alerts = await readFink(own, 'ztf', topic)
    const ids = await idsIn('siskin-fast-riser', 'alert_id', '--from', 'earliest')
    expect(alerts.map(({ id }) => id).sort()).toEqual(ids)
    for (const { stamp } of alerts) expect(stamp).toBe(0)
  })

  whenPython('LSST too', async (own) => {
    const out = join(folder, 'lsst.tar')
    await simulate({ out, survey: 'lsst', scale: 0.00001, seed: 5, inject: { kilonova: 8 } })
    const feed = { topic: 'python-lsst', partitions: 1 }
    await makeTopic(kafka, feed)
    const packets = readArchive(out).filter(({ name }) => !name.endsWith('.avsc'))
    await send(
      kafka,
      feed,
      packets.map(({ bytes }) => bytes)
    )
    const more = ['--fink-compat', '--schemas', join(folder, 'schemas'), '--out-prefix', 'lsst-']
    const args = { kafka, lake: join(folder, 'lsst'), topics: feed.topic, group: 'lsst', more }
    const outcome = await drain(args)
    expect(outcome.code, outcome.stderr).toBe(0)
    const alerts = await readFink(own, 'lsst', 'fink_new_source_lsst')
    expect(alerts.length).toBeGreaterThan(3)
    const prefixed = ['--out-prefix', 'lsst-', '--from', 'earliest']
    const ids = await idsIn('lsst-new-source', 'alert_id', ...prefixed)
    expect(alerts.map(({ id }) => id).sort()).toEqual(ids)
  })
})
