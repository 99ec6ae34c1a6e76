import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Admin } from '@platformatic/kafka'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafkaDoors } from '../cluster/shared.ts'
import { describeKafka, drain, makeTopic, nightOfPackets, send, until } from '../stream/support.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'
import type { Outcome } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))

interface Line {
  readonly topic: string
  readonly object_id: string
  readonly alert_id: string
  readonly rate: { readonly mag_rate: number | null }
}

interface Lag {
  readonly topic: string
  readonly position: number | null
  readonly end: number
  readonly lag: number
}

describeKafka('a subscriber of topics in Kafka', () => {
  const folder = temporaryFolder()
  const lake = join(folder, 'lake')
  const feed = { topic: 'subscribed-night', partitions: 2 }
  let kafka: SharedKafkaDoors
  /** Alert ids by topic, as a lake with the same packets has them. */
  let expected: Record<string, string[]>
  let filledAt = ''

  beforeAll(async () => {
    kafka = await sharedKafka()
    const packets = await nightOfPackets(folder)
    await makeTopic(kafka, feed)
    await send(kafka, feed, packets)
    const args = { kafka, lake, topics: feed.topic, group: 'out' }
    expect(await drain(args)).toMatchObject({ code: 0 })
    filledAt = new Date().toISOString()
    const run = join(folder, 'run')
    await siskin(['run', join(folder, 'night.tar'), '--lake', run])
    expected = {}
    for (const topic of ['fast-riser', 'large-amplitude']) {
      const { stdout } = await siskin(['subscribe', topic, '--lake', run, '--json'], {
        XDG_STATE_HOME: folder
      })
      expected[topic] = idsOf(stdout)
    }
  })

  function argsOf(group: string, args: readonly string[]): string[] {
    const settings = ['--brokers', kafka.bootstrap, '--out-prefix', 'out-', '--group', group]
    return ['subscribe', ...args, ...settings]
  }

  function subscribe(group: string, ...args: readonly string[]): Promise<Outcome> {
    return siskin(argsOf(group, args))
  }

  function linesOf(stdout: string): Line[] {
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Line)
  }

  function idsOf(stdout: string): string[] {
    return linesOf(stdout)
      .map(({ alert_id: id }) => id)
      .sort()
  }

  test('prints every selected alert, and goes on from there the next time', async () => {
    const first = await subscribe('json', 'fast-riser', 'out-large-amplitude', '--json')
    expect(first.code, first.stderr).toBe(0)
    const lines = linesOf(first.stdout)
    for (const topic of ['fast-riser', 'large-amplitude']) {
      const own = lines.filter((line) => line.topic === `out-${topic}`)
      expect(own.map(({ alert_id: id }) => id).sort()).toEqual(expected[topic])
    }
    expect(Object.keys(lines[0]!).some((name) => name.startsWith('cutout'))).toBe(false)

    const again = await subscribe('json', 'fast-riser', 'large-amplitude', '--json')
    expect(again).toMatchObject({ code: 0, stdout: '' })
    expect(again.stderr).toContain('0 alerts')
    const { stdout } = await subscribe('json', 'fast-riser', 'large-amplitude', '--lag', '--json')
    const rows = JSON.parse(stdout) as Lag[]
    expect(rows).toHaveLength(8)
    for (const row of rows) expect(row).toMatchObject({ lag: 0, position: row.end })
  })

  test('stops at a limit, rewinds, and begins at the end or at a time', async () => {
    const ids = expected['fast-riser']!
    const some = await subscribe('part', 'fast-riser', '--json', '--limit', '3')
    const rest = await subscribe('part', 'fast-riser', '--json')
    expect(linesOf(some.stdout)).toHaveLength(3)
    expect([...idsOf(some.stdout), ...idsOf(rest.stdout)].sort()).toEqual(ids)
    const rewound = await subscribe('part', 'fast-riser', '--json', '--from', 'earliest')
    expect(idsOf(rewound.stdout)).toEqual(ids)
    const young = await subscribe('part', 'fast-riser', '--json', '--from', filledAt)
    expect(young.stdout).toBe('')
    const old = await subscribe('part', 'fast-riser', '--json', '--from', '2020-01-01')
    expect(idsOf(old.stdout)).toEqual(ids)
    const end = await subscribe('end', 'fast-riser', '--json', '--from', 'latest')
    expect(end.stdout).toBe('')
    expect((await subscribe('end', 'fast-riser', '--json')).stdout).toBe('')
  })

  test('shows a table of what the filter decides by, or of the fields that are asked for', async () => {
    const { stdout } = await subscribe('table', 'fast-riser')
    const [head = '', row = ''] = stdout.split('\n')
    expect(head).toMatch(/^object_id +alert_id +time +band +mag +flux +.*rate\.upper_rate/)
    expect(row).toMatch(/^ZTF\w+ +\d{16,} +2026-01-1\dT[\d:]+Z +[gri] +/)
    const chosen = ['--from', 'earliest', '--fields', 'alert_id,rate.mag_rate', '--limit', '1']
    const picked = await subscribe('table', 'fast-riser', ...chosen)
    expect(picked.stdout.split('\n')[0]).toMatch(/^alert_id +rate\.mag_rate$/)
    const json = await subscribe('table', 'fast-riser', ...chosen, '--json')
    expect(Object.keys(linesOf(json.stdout)[0]!)).toEqual(['topic', 'alert_id', 'rate'])
    const wrong = await subscribe('table', 'fast-riser', '--from', 'earliest', '--fields', 'magg')
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('have no "magg"; there are: alert_id, object_id')
  })

  test('runs a command for each alert, and says which failed', async () => {
    const list = join(folder, 'list')
    const fails = expected['fast-riser']![2]!
    const command = `cat > /dev/null; echo $SISKIN_TOPIC $SISKIN_OBJECT_ID >> ${list}; test $SISKIN_ALERT_ID != ${fails}`
    const { code, stderr } = await subscribe('exec', 'fast-riser', '--exec', command)
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`alert ${fails} of ZTF\\w+: the command ended with 1`))
    const lines = readFileSync(list, 'utf8').trim().split('\n')
    expect(lines).toHaveLength(expected['fast-riser']!.length)
    for (const line of lines) expect(line).toMatch(/^out-fast-riser ZTF\w+$/)
    const json = await subscribe('exec2', 'fast-riser', '--limit', '1', '--exec', 'cat')
    expect(linesOf(json.stdout)).toHaveLength(1)
  })

  test('follows until Ctrl-C, and has kept in mind what it printed', async () => {
    const args = argsOf('follow', ['fast-riser', '--json', '--follow'])
    const child = spawn(process.execPath, [PROGRAM, ...args])
    let stdout = ''
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()))
    const ids = expected['fast-riser']!
    await until(() => stdout.split('\n').length > ids.length, 'all alerts')
    await until(async () => {
      const { stdout: lag } = await subscribe('follow', 'fast-riser', '--lag', '--json')
      return (JSON.parse(lag) as Lag[]).every((row) => row.lag === 0)
    }, 'its positions')
    child.kill('SIGINT')
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect(code).toBe(0)
    expect(idsOf(stdout)).toEqual(ids)
    expect((await subscribe('follow', 'fast-riser', '--json')).stdout).toBe('')
  })

  test('two of one group share a topic', async () => {
    const children = [0, 1].map(() => {
      const args = argsOf('two', ['fast-riser', 'large-amplitude', '--json', '--follow'])
      const child = spawn(process.execPath, [PROGRAM, ...args])
      const one = { child, stdout: '' }
      child.stdout.on('data', (text: Buffer) => (one.stdout += text.toString()))
      return one
    })
    const whole = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1)
    const all = () => children.map(({ stdout }) => whole(stdout)).join('')
    const wanted = [...expected['fast-riser']!, ...expected['large-amplitude']!].sort()
    await until(() => new Set(idsOf(all())).size === new Set(wanted).size, 'all alerts')
    await until(async () => {
      const { stdout } = await subscribe('two', 'fast-riser', 'large-amplitude', '--lag', '--json')
      return (JSON.parse(stdout) as Lag[]).every(({ lag }) => lag === 0)
    }, 'all positions')
    for (const { child } of children) child.kill('SIGINT')
    await Promise.all(children.map(({ child }) => new Promise((go) => child.once('exit', go))))
    expect((await subscribe('two', 'fast-riser', 'large-amplitude', '--json')).stdout).toBe('')
  })

  test('ends quietly when its reader has enough', async () => {
    const args = argsOf('head', ['fast-riser', '--json', '--stamps'])
    const command = [process.execPath, PROGRAM, ...args].map((text) => `'${text}'`).join(' ')
    const child = spawn('bash', ['-c', `set -o pipefail; ${command} | head -c 100`])
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lost = await subscribe('head', 'fast-riser', '--json')
    expect(idsOf(lost.stdout)).toEqual(expected['fast-riser']) // what was not read comes again
  })

  test('refuses to write over a file, and names of a form that it does not know', async () => {
    const taken = join(folder, 'night.tar')
    for (const path of [taken, join(folder, 'out.txt'), join(folder, 'no/where.avro')]) {
      const { code, stderr } = await subscribe('save', 'fast-riser', '--save', path)
      expect(code).toBe(2)
      expect(stderr).toContain(`--save ${path}: `)
    }
    expect(existsSync(join(folder, 'out.txt'))).toBe(false)
  })

  test('says what is wrong, within 15 s', async () => {
    const refused = async (args: readonly string[], expected = 1) => {
      const started = performance.now()
      const { code, stderr } = await siskin(['subscribe', 'fast-riser', ...args])
      expect(performance.now() - started).toBeLessThan(15_000)
      expect(code).toBe(expected)
      expect(stderr.trim().split('\n')).toHaveLength(1)
      return stderr
    }
    expect(await refused(['--brokers', '127.0.0.1:9'])).toContain('does not answer')
    const there = ['--brokers', kafka.bootstrap]
    const other = await refused([...there, '--out-prefix', 'outt-'], 2)
    expect(other).toMatch(
      /no topic "fast-riser" in Kafka \([\w-]+-fast-riser\?\); there are: .*\bout-fast-riser\b/
    )
    expect(other).not.toContain('siskin-owners')
    const list = await siskin(['subscribe', ...there, '--out-prefix', 'out-'])
    expect(list.stdout.split('\n').slice(0, 2)).toEqual(['out-fast-fader', 'out-fast-riser'])
    expect(list.stdout).not.toContain('out-schemas')
    const known = await refused([...there, '--out-prefix', 'out-', 'fast-risr'], 2)
    expect(known).toMatch(
      /no topic "fast-risr" in Kafka \(out-fast-riser\?\); there are: out-fast-fader, out-fast-riser/
    )
    expect(known).not.toContain('out-schemas')
    const user = ['--kafka-user', kafka.user.name, '--kafka-mechanism', 'SCRAM-SHA-256']
    const password = ['--kafka-password', 'wrong']
    const wrong = await refused(['--brokers', kafka.saslBootstrap!, ...user, ...password])
    expect(wrong).toContain(`does not let ${kafka.user.name} in`)
    const right = [
      '--brokers',
      kafka.saslBootstrap!,
      ...user,
      '--kafka-password',
      kafka.user.password
    ]
    const entered = await siskin(['subscribe', 'out-fast-riser', '--out-prefix', 'out-', ...right])
    expect(entered).toMatchObject({ code: 0 })
  })

  test('needs the topic of schemas, or the lake', async () => {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    await admin.deleteTopics({ topics: ['out-schemas'] })
    await admin.close()
    const blind = await subscribe('blind', 'fast-riser', '--json')
    expect(blind).toMatchObject({ code: 1, stdout: '' })
    expect(blind.stderr).toMatch(/the schema of message out-fast-riser-\d at offset \d+ is not in/)
    const sees = await subscribe('blind', 'fast-riser', '--json', '--lake', lake)
    expect(idsOf(sees.stdout)).toEqual(expected['fast-riser'])
  })
})
