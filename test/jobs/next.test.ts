import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { kafkaFlags, overLake, schemaFlags, streamFlags } from '../../jobs/common/next.ts'
import { addSettings, readSettings } from '../../jobs/settings/settings.ts'
import { KAFKA_SETTINGS } from '../../jobs/verify/verify.ts'
import { simulate } from '../../simulator/index.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const PROGRAM = fileURLToPath(new URL('../../jobs/siskin.js', import.meta.url))

/** The settings of a command with these arguments. */
function given(...args: string[]) {
  const command = addSettings(new Command(), ['lake', 'schemas', ...KAFKA_SETTINGS])
  return readSettings(command.parse(args, { from: 'user' }))
}

describe('the next command that is printed', () => {
  const folder = temporaryFolder()
  const lake = join(folder, "a lake's")
  const archive = join(folder, 'night 1.tar')
  let next: Record<string, string>

  beforeAll(async () => {
    await simulate({ survey: 'ztf', seed: 3, scale: 0.001, start: '2026-01-12', out: archive })
    const { code, stdout, stderr } = await siskin(['run', archive, '--lake', lake])
    expect(code, stderr).toBe(0)
    next = nextOf(stdout)
  })
  afterEach(() => vi.unstubAllEnvs())

  test('runs as it is, in a lake whose name has spaces and quotes', () => {
    expect(asShell(next['verify']!)).toContain('is whole')
  })

  test('goes the way to the same Kafka, and shows no password', () => {
    vi.stubEnv('SISKIN_KAFKA_PASSWORD', undefined)
    const args = ['--brokers', 'a:1,b:2', '--kafka-ca', 'ca 1.pem', '--kafka-user', 'ana']
    const more = ['--kafka-password', 'secret', '--kafka-mechanism', 'PLAIN', '--group', 'night']
    const fink = ['--out-prefix', 'out-', '--fink-compat', '--fink-prefix', 'f_']
    const settings = given(...args, ...more, ...fink)
    expect(kafkaFlags(settings)).toBe(
      "--brokers a:1,b:2 --kafka-user ana --kafka-password … --kafka-mechanism PLAIN --kafka-ca 'ca 1.pem'"
    )
    expect(streamFlags(settings)).toBe(
      '--group night --out-prefix out- --fink-compat yes --fink-prefix f_'
    )
    vi.stubEnv('SISKIN_KAFKA_PASSWORD', 'secret')
    expect(kafkaFlags(settings)).not.toContain('password')
    expect(streamFlags(given('--brokers', 'a:1'))).toBe('')
  })

  test('names the registry, its user, and no password', () => {
    vi.stubEnv('SISKIN_REGISTRY_PASSWORD', undefined)
    const { schemas } = given('--schemas', 'https://ana:secret@registry:8081')
    expect(schemaFlags(schemas)).toBe(
      '--schemas https://registry:8081 --registry-user ana --registry-password …'
    )
    expect(schemaFlags('lsst/schemas')).toBe('--schemas lsst/schemas')
  })

  test('trusts the same authority at HDFS', () => {
    vi.stubEnv('SISKIN_HDFS_CA', 'ca.pem')
    const settings = given('--lake', 'swebhdfs://one:9871,two:9871/lake')
    expect(overLake('siskin views', settings)).toBe(
      'siskin views --lake swebhdfs://one:9871,two:9871/lake --hdfs-ca ca.pem'
    )
    expect(overLake('siskin views', given('--lake', 'here'))).toBe('siskin views --lake here')
  })
})

/** `verify  siskin verify --lake …` by its first word. */
function nextOf(stdout: string): Record<string, string> {
  const lines = [...stdout.matchAll(/^(\w+) +siskin (.*)$/gm)]
  return Object.fromEntries(lines.map(([, name, args]) => [name!, args!]))
}

function asShell(args: string): string {
  return execFileSync('sh', ['-c', `"$0" "$1" ${args}`, process.execPath, PROGRAM]).toString()
}
