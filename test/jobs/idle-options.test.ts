import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../../jobs/program.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const folder = temporaryFolder()

/** What a command says before it does anything; null where it would begin. */
async function said(line: string): Promise<string | null> {
  const args = line.split(' ')
  const program = await buildProgram(args)
  for (const command of program.commands) command.action(() => {})
  return program.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error: Error) => error.message
  )
}

const LAG = 'subscribe t --brokers k:9092 --lag'
const LAKE = 'subscribe t --lake lake'
const LIVE = 'simulate --to kafka --brokers k:9092'

describe('an option without effect beside another is refused, and named', () => {
  test.each([
    [`${LAG} --from earliest`, '--from does nothing with --lag'],
    [`${LAG} --follow`, '--follow does nothing with --lag'],
    [`${LAG} --limit 5`, '--limit does nothing with --lag'],
    [`${LAG} --fields mag`, '--fields does nothing with --lag'],
    [`${LAG} --stamps`, '--stamps does nothing with --lag'],
    [`${LAG} --save a.csv`, '--save does nothing with --lag'],
    [`${LAG} --exec ./a.sh`, '--exec does nothing with --lag'],
    [`${LAG} --registry http://r`, '--registry does nothing with --lag'],
    [`${LAG} --refresh-seconds 5`, '--refresh-seconds does nothing with --lag'],
    [`${LAKE} --kafka-user me`, '--kafka-user is for topics in Kafka'],
    [`${LAKE} --kafka-ca system`, '--kafka-ca is for topics in Kafka'],
    [`${LAKE} --out-prefix a-`, '--out-prefix is for topics in Kafka'],
    [`${LAKE} --refresh-seconds 5`, '--refresh-seconds is for topics in Kafka'],
    [`${LAKE} --registry http://r`, '--registry is for topics in Kafka'],
    [`${LAKE} --exec ./a.sh --fields mag`, '--fields is for what is printed'],
    [`${LAKE} --save a.avro --fields mag`, '--fields is for what is printed'],
    [`${LAKE} --save a.avro --stamps`, '--stamps is for --json, --exec and --save'],
    [`${LAKE} --stamps`, '--stamps is for --json, --exec and --save'],
    ['stream --kafka-password x', '--kafka-password is for --kafka-user'],
    ['stream --kafka-mechanism PLAIN', '--kafka-mechanism is for --kafka-user'],
    ['stream --metrics-host 0.0.0.0', '--metrics-host is for --metrics-port'],
    ['stream --fink-prefix f_', '--fink-prefix is for --fink-compat'],
    ['stream --fink-compat no --fink-prefix f_', '--fink-prefix is for --fink-compat'],
    ['run a --registry-user me', '--registry-user is for a schema registry'],
    ['run a --schemas folder --registry-user me', '--registry-user is for a schema registry'],
    ['verify --group a', '--group is for Kafka, and no --brokers'],
    ['verify --out-prefix a-', '--out-prefix is for Kafka, and no --brokers'],
    ['verify --fink-compat', '--fink-compat is for Kafka, and no --brokers'],
    ['verify --night 20260110 --brokers k:9092', '--brokers does nothing with --night'],
    ['verify --since last --brokers k:9092', '--brokers does nothing with --night or --since'],
    ['repair --kafka-ca system', '--kafka-ca is for Kafka, and no --brokers'],
    ['repair --brokers k:9092 --out-partitions 3', '--out-partitions is for --publish'],
    ['repair --brokers k:9092 --out-registry http://r', '--out-registry is for --publish'],
    ['inspect a.parquet --json --columns', '--columns does nothing with --json'],
    ['simulate --out a.tar --rate 5', '--rate is for --to kafka'],
    ['simulate --out a.tar --brokers k:9092', '--brokers is for --to kafka'],
    ['simulate --out a.tar --partitions 5', '--partitions is for --to kafka'],
    ['simulate --out a.tar --schemas-out s', '--schemas-out is for --to kafka'],
    [`${LIVE} --members 2`, '--members does nothing with --to kafka'],
    [`${LIVE} --schemas-out s`, '--schemas-out is for packets of LSST'],
    [`${LIVE} --registry http://r`, '--registry is for packets of LSST'],
    [
      `${LIVE} --survey lsst --registry http://r --schemas-out s`,
      '--schemas-out does nothing with --registry'
    ]
  ])('%s', async (line, message) => {
    const found = await said(line)
    expect(found).toContain(message)
    expect(found).not.toContain('\n')
  })
})

test.each([
  `${LAG} --group me --json`,
  `${LAKE} --json --stamps --fields mag --from earliest --follow --limit 3`,
  `${LAKE} --save a.vot --stamps --fields mag`,
  `${LAKE} --save a.avro --json --stamps --fields mag`,
  `${LAKE} --exec ./a.sh --stamps`,
  'subscribe t --brokers k:9092 --lake lake --kafka-user me --kafka-password x --out-prefix a-',
  'stream --metrics-port 0 --metrics-host 0.0.0.0 --fink-compat --fink-prefix f_',
  'stream --out-registry http://r --registry-user me --registry-password x',
  'verify --brokers k:9092 --group a --out-prefix a- --deep',
  'repair --brokers k:9092 --publish --out-partitions 3',
  'simulate --out a.tar --members 2 --schema 3.3 --schema-change',
  `${LIVE} --survey lsst --registry http://r --rate 5`
])('what has an effect is taken: %s', async (line) => {
  expect(await said(line)).toBeNull()
})

test('what an option needs may stand in the configuration, and is wrong use where it does not', async () => {
  const file = join(mkdtempSync(join(folder, 'config-')), 'siskin.yaml')
  writeFileSync(file, 'brokers: k:9092\nkafkaUser: me\n')
  expect(await said(`verify --kafka-password x --config ${file}`)).toBeNull()
  expect(await said(`verify --fink-prefix x --config ${file}`)).toContain('--fink-compat')
  const { code, stderr } = await siskin(['subscribe', 'fast-riser', '--lag', '--from', 'latest'])
  expect([code, stderr.trim().split('\n')]).toEqual([2, [expect.stringContaining('--lag')]])
})
