import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { buildProgram } from '../../jobs/program.ts'
import { FakeRegistry } from '../support/registry.ts'
import { siskin, temporaryFolder } from '../support/siskin.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PROGRAM = join(ROOT, 'jobs/siskin.js')

/** The help of every command, examples and all. */
async function helps(): Promise<Map<string, string>> {
  const { commands } = await buildProgram()
  return new Map(
    commands.map((command) => {
      let text = ''
      command.configureOutput({ writeOut: (more) => (text += more) })
      command.outputHelp()
      return [command.name(), text]
    })
  )
}

/** Variables of the environment that the engine and the commands read by name. */
function readVariables(): Set<string> {
  const found = new Set<string>()
  for (const folder of ['engine', 'jobs']) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((file) => file.endsWith('.ts'))) {
      const text = readFileSync(join(ROOT, folder, name), 'utf8')
      for (const [, one] of text.matchAll(/process\.env\['(\w+)'\]/g)) found.add(one!)
      for (const [, all] of text.matchAll(/\{([^{}]*)\} = process\.env/g)) {
        for (const [one] of all!.matchAll(/[A-Z][A-Z_]+/g)) found.add(one)
      }
    }
  }
  return found
}

describe('variables of the environment', () => {
  test('each that is read is in the help of a command; those of HDFS wherever a lake is', async () => {
    const texts = await helps()
    const read = readVariables()
    expect(read.size).toBeGreaterThan(5)
    const all = [...texts.values()].join('\n')
    for (const name of read) expect(all, name).toContain(name)
    for (const [name, text] of texts) {
      expect(text.includes('SISKIN_HDFS_TOKEN'), name).toBe(text.includes('--lake '))
      expect(text.includes('SISKIN_REGISTRY_PASSWORD'), name).toBe(
        /--(out-)?registry |--schemas /.test(text)
      )
    }
    expect(texts.get('subscribe')).toContain('XDG_STATE_HOME')
  })

  test('a misspelt one is told, as a misspelt key is', async () => {
    const { code, stderr } = await siskin(['check'], { SISKIN_MODULE: 'rate' })
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^siskin: unknown environment variable "SISKIN_MODULE" \(SISKIN_MODULES\?\); known: /
    )
  })

  test('those that Kubernetes sets for a service are nobody’s mistake', async () => {
    const env = {
      SISKIN_STREAM_SERVICE_HOST: '10.0.0.1',
      SISKIN_STREAM_PORT: 'tcp://10.0.0.1:9464',
      SISKIN_STREAM_PORT_9464_TCP_ADDR: '10.0.0.1'
    }
    expect(await siskin(['check'], env)).toMatchObject({ code: 0, stderr: '' })
    const metrics = { SISKIN_METRICS_PORT: 'tcp://10.0.0.1:9464' }
    const { stderr } = await siskin(['stream', '--topics', 'a'], metrics)
    expect(stderr).toMatch(/^siskin: no brokers/)
  })

  test('the password of a registry is in no message', async () => {
    const registry = new FakeRegistry()
    await registry.start()
    registry.secret = 'ana:right'
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'a.confluent'), Buffer.from([0, 0, 0, 0, 7, 1, 2, 3]))
    const lake = join(folder, 'lake')
    const args = ['run', join(folder, 'a.confluent'), '--lake', lake, '--schemas', registry.address]
    const env = { SISKIN_REGISTRY_USER: 'ana', SISKIN_REGISTRY_PASSWORD: 'wrong-one' }
    const refused = await siskin(args, env)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/does not let ana in \(401/)
    expect(refused.stdout + refused.stderr).not.toContain('wrong-one')
    const entered = await siskin(args, { ...env, SISKIN_REGISTRY_PASSWORD: 'right' })
    await registry.stop()
    expect(registry.asked).toEqual([7])
    expect(entered.stderr).not.toContain('401')
  })
})

describe('what goes wrong is one sentence', () => {
  const folder = temporaryFolder()
  const file = join(folder, 'file')
  const asFile = join(folder, 'dir.yaml')

  beforeAll(() => {
    writeFileSync(file, 'hello')
    mkdirSync(asFile)
  })

  test.each([
    ['a port that is none', 2, () => ['subscribe', 'a', '--brokers', 'localhost:99999']],
    ['a port of HDFS that is none', 2, () => ['verify', '--lake', 'hdfs://localhost:99999/x']],
    ['a port of a registry that is none', 2, () => ['run', file, '--schemas', 'http://a:99999']],
    ['a folder as configuration', 2, () => ['check', '--config', asFile]],

    ['a folder as truth', 2, () => ['truth', '--lake', folder, '--truth', asFile]],
    [
      'a folder as certificate',
      2,
      () => ['stream', '--brokers', 'a:1', '--topics', 'a', '--kafka-ca', asFile]
    ],
    ['no lake', 2, () => ['subscribe', 'a', '--lake', join(folder, 'none')]],
    ['a command that is none', 2, () => ['subscrib']]
  ])('%s: exit code %i', async (_what, code, args) => {
    const outcome = await siskin(args())
    expect(outcome.stdout).toBe('')
    expect(
      outcome.stderr
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('('))
    ).toHaveLength(1)
    expect(outcome.stderr).not.toMatch(/^\s+at /m)
    expect(outcome.code).toBe(code)
  })

  test('a home that cannot be written, before anything is shown', async () => {
    const lake = join(folder, 'lake')
    mkdirSync(join(lake, 'topics/a'), { recursive: true })
    writeFileSync(join(lake, 'topics/a/x.avro'), 'no')
    const args = ['subscribe', 'a', '--lake', lake]
    for (const home of [file, '/proc']) {
      const { code, stdout, stderr } = await siskin(args, { XDG_STATE_HOME: '', HOME: home })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^siskin: what was read of the lake is kept in .*XDG_STATE_HOME\n$/)
    }
  })

  test.each([['--help'], ['check'], ['check --json'], ['run --help'], ['inspect --help']])(
    'who reads "%s" may have enough of it',
    async (args) => {
      const command = `set -o pipefail; '${process.execPath}' '${PROGRAM}' ${args} | head -c 1`
      const child = spawn('bash', ['-c', command])
      let stderr = ''
      child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
      const code = await new Promise((resolve) => child.once('exit', resolve))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    }
  )

  test.skipIf(!existsSync('/dev/full'))('a full disk behind the output is a failure', async () => {
    const child = spawn('bash', ['-c', `'${process.execPath}' '${PROGRAM}' check > /dev/full`])
    let stderr = ''
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^siskin: ENOSPC: no space left on device, write\n$/) as string
    })
  })
})
