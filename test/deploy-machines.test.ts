import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { cloudConfig, dryRun } from './support/cloud-init.ts'
import type { CloudConfig } from './support/cloud-init.ts'
import { rendered } from './support/tftpl.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'siskin-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8')

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n'
const DOWNLOAD = 'an archive'
const COMMIT = 'c0ffee'.padEnd(40, '0')
const VALUES: Readonly<Record<string, string>> = {
  address: '10.20.0.50',
  brokers: '"10.20.0.10:9092,10.20.0.11:9092"',
  topics: String.raw`"/^ztf_\\d+$/"`,
  group: '"siskin"',
  lake: '"swebhdfs://10.20.0.20:9871/siskin"',
  members: '4',
  repository: 'https://git.example.org/siskin.git',
  revision: 'v1',
  commit: COMMIT,
  password: 'abcdefghijklmnop',
  ca: PEM,
  keystore: PEM + PEM,
  id: '1',
  voters: '1@10.20.0.10:9093,2@10.20.0.11:9093',
  cluster: 'abc',
  mirror: 'https://archive.example.org',
  version: '1.0.0',
  checksum: createHash('sha512').update(DOWNLOAD).digest('hex'),
  super_users: 'User:siskin;User:CN=kafka-1',
  namenode: '10.20.0.20'
}

const machine = (file: string, more: Record<string, string> = {}) =>
  cloudConfig(rendered(read(`deploy/openstack/${file}.yaml.tftpl`), { ...VALUES, ...more }))

const MACHINES: [string, CloudConfig][] = [
  ['kafka', machine('kafka')],
  ['namenode', machine('hdfs', { role: 'namenode' })],
  ['datanode', machine('hdfs', { role: 'datanode' })],
  ['member', machine('member')]
]

function fileOf(config: CloudConfig, end: string): string {
  const file = config.write_files.find(({ path }) => path.endsWith(end))
  expect(file, end).toBeDefined()
  return file!.content
}

/** A unit file as pairs of a section and a key; what the systemd of a machine does not know is a fault. */
function unitLines(text: string): [section: string, key: string, value: string][] {
  let section = ''
  return text.split('\n').flatMap((line): [string, string, string][] => {
    if (/^\s*(#.*)?$/.test(line)) return []
    const head = /^\[(\w+)\]$/.exec(line)
    if (head) {
      section = head[1]!
      return []
    }
    const pair = /^([A-Z]\w+)=(.*)$/.exec(line)
    expect(pair, `"${line}" is no line of a unit`).not.toBeNull()
    return [[section, pair![1]!, pair![2]!]]
  })
}

/** All units that a machine starts: those in its files, and those that come with Siskin. */
function unitsOf(config: CloudConfig): [name: string, text: string][] {
  const own = config.write_files
    .filter(({ path }) => path.endsWith('.service'))
    .map(({ path, content }): [string, string] => [path.slice(path.lastIndexOf('/') + 1), content])
  if (own.length > 0) return own
  return ['siskin-stream.service', 'siskin-run@.service'].map((name) => [
    name,
    read(`deploy/openstack/${name}`)
  ])
}

describe.each(MACHINES)('the first start of a %s', (name, config) => {
  test('starts the service, after what was fetched had its checksum', () => {
    const calls = dryRun(config, join(folder, `${name}-good`), {
      download: DOWNLOAD,
      commit: COMMIT
    })
    expect(calls.at(-1)).toMatch(/^systemctl enable --now (kafka|hdfs|siskin-stream)$/)
    expect(calls.filter((call) => /^(curl|git clone)/.test(call))).toHaveLength(1)
  })

  test('starts nothing when something else was fetched', () => {
    const world = { download: 'something else', commit: 'f'.repeat(40) }
    const calls = dryRun(config, join(folder, `${name}-bad`), world)
    expect(calls.length).toBeGreaterThan(0)
    expect(calls.filter((call) => /^(systemctl|tar|npm)/.test(call))).toEqual([])
  })

  test('every unit has a command, a user that is made, and lines that systemd knows', () => {
    const users = (config.users ?? []).map((user) => (typeof user === 'string' ? user : user.name))
    for (const [unit, text] of unitsOf(config)) {
      const lines = unitLines(text)
      const get = (key: string) =>
        lines.filter(([, own]) => own === key).map(([, , value]) => value)
      expect(users, unit).toContain(get('User')[0])
      expect(get('ExecStart').length, unit).toBeGreaterThan(0)
      for (const command of get('ExecStart')) expect(command).toMatch(/^\/(opt|bin|usr)\//)
      expect(new Set(lines.map(([section]) => section)).has('Service')).toBe(true)
    }
  })

  test('systemd-analyze finds nothing wrong with its units', (context) => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0)
      context.skip('there is no systemd')
    for (const [unit, text] of unitsOf(config)) {
      const root = mkdtempSync(join(folder, 'root-'))
      const path = join(root, unit.replace('@.', '@night.'))
      const commands = [...text.matchAll(/^Exec\w+=(\/\S+)/gm)].map(([, command]) => command!)
      const standIns = commands.reduce((now, command) => {
        const at = join(root, command)
        mkdirSync(dirname(at), { recursive: true })
        writeFileSync(at, '#!/bin/sh\n')
        chmodSync(at, 0o755)
        return now.replaceAll(`=${command}`, `=${at}`)
      }, text)
      writeFileSync(path, standIns.replaceAll(/^Documentation=.*\n/gm, ''))
      const { stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
      const said = stderr.split('\n').filter((line) => line.includes(unit.split(/[@.]/)[0]!))
      expect(said, unit).toEqual([])
    }
  })

  test('what is secret is for root alone', () => {
    const open = config.write_files
      .filter(({ content }) => /abcdefghijklmnop|keystore\.pem$/.test(content))
      .filter(({ permissions }) => permissions !== '0600')
      .filter(({ path }) => !path.endsWith('server.properties'))
    expect(open.map(({ path }) => path)).toEqual([])
  })
})

describe('between the machines', () => {
  test('Kafka listens with TLS only, and asks clients for a name and a password', () => {
    const text = fileOf(machine('kafka'), 'server.properties')
    const settings = new Map(
      text.split('\n').flatMap((line): [string, string][] => {
        const at = line.indexOf('=')
        return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
      })
    )
    const protocols = new Map(
      settings
        .get('listener.security.protocol.map')!
        .split(',')
        .map((pair) => pair.split(':') as [string, string])
    )
    const listeners = settings
      .get('listeners')!
      .split(',')
      .map((one) => one.split('://')[0]!)
    expect(listeners.map((one) => protocols.get(one))).toEqual(['SASL_SSL', 'SSL', 'SSL'])
    for (const one of ['broker', 'controller']) {
      expect(settings.get(`listener.name.${one}.ssl.client.auth`)).toBe('required')
    }
    expect(settings.get('authorizer.class.name')).toMatch(/StandardAuthorizer$/)
    expect(text).not.toMatch(/PLAINTEXT/)
  })

  test('members come to it with TLS, a name and a password', () => {
    const member = machine('member')
    expect(fileOf(member, 'stream.yaml')).toMatch(/^kafkaCa: \/etc\/siskin\/ca\.pem$/m)
    expect(fileOf(member, 'ca.pem')).toBe(PEM)
    expect(fileOf(member, 'environment')).toMatch(/^SISKIN_KAFKA_PASSWORD=abcdefghijklmnop$/m)
  })

  test('HDFS answers with TLS only, by a certificate of its own, and members trust its authority', () => {
    const node = machine('hdfs', { role: 'datanode' })
    const site = fileOf(node, 'hdfs-site.xml')
    expect(site).toContain('<name>dfs.http.policy</name><value>HTTPS_ONLY</value>')
    expect(site).toContain('<name>dfs.namenode.https-address</name><value>10.20.0.20:9871</value>')
    expect(site).not.toMatch(/:98(70|64)</)
    expect(fileOf(node, 'keystore.pem')).toBe(PEM + PEM)
    const [, store] = /keystore\.location<\/name><value>([^<]*)/.exec(
      fileOf(node, 'ssl-server.xml')
    )!
    expect(node.runcmd.join('\n')).toContain(`-in /etc/hadoop/keystore.pem -out ${store} `)
    for (const file of ['stream.yaml', 'run.yaml', 'verify.yaml']) {
      expect(fileOf(machine('member'), file)).toMatch(/^hdfsCa: \/etc\/siskin\/ca\.pem$/m)
    }
    expect(read('terraform/main.tf')).toMatch(/lake += "swebhdfs:.*:9871/)
  })

  test('the folder of archives is made, on a volume', () => {
    const member = machine('member')
    expect(member.runcmd.join('\n')).toMatch(/install -d .*-o siskin .*\/data\/archives/)
    expect(member.mounts!.map(([, at]) => at)).toContain('/data')
  })
})

describe('Terraform', () => {
  const TEMPLATES = ['kafka', 'hdfs', 'member']
  const files = ['main', 'network', 'outputs', 'certificates', 'variables'].map((name) =>
    read(`terraform/${name}.tf`)
  )
  const all = files.join('\n')

  test('gives every template what it asks for', () => {
    const given = new Set(
      [...read('terraform/main.tf').matchAll(/(\w+) += /g)].map(([, name]) => name)
    )
    for (const template of TEMPLATES) {
      const text = read(`deploy/openstack/${template}.yaml.tftpl`)
      const asked = text.matchAll(/(?<!\$)\$\{(?:indent\(\d+, )?(\w+)|%\{ if (\w+)/g)
      for (const [, name, condition] of asked) expect(given, template).toContain(name ?? condition)
    }
  })

  test('declares every variable that it uses, and uses every one that it declares', () => {
    const declared = new Set([...all.matchAll(/^variable "(\w+)"/gm)].map(([, name]) => name!))
    const used = new Set([...all.matchAll(/\bvar\.(\w+)/g)].map(([, name]) => name!))
    expect([...declared].sort()).toEqual([...used].sort())
    const locals = new Set([...all.matchAll(/\blocal\.(\w+)/g)].map(([, name]) => name!))
    for (const name of locals) expect(all).toMatch(new RegExp(`^ +${name} += `, 'm'))
    const example = read('terraform/terraform.tfvars.example')
    const needed = [...all.matchAll(/^variable "(\w+)" \{\n([^]*?)\n\}/gm)]
      .filter(([, , body]) => !/^ {2}(default|sensitive) /m.test(body!))
      .map(([, name]) => name!)
    for (const name of needed) expect(example).toMatch(new RegExp(`^${name} +=`, 'm'))
  })

  test('opens SSH to the bastion alone, which has the one address outside', () => {
    const network = read('terraform/network.tf')
    const rules = network.split(/^resource /m).filter((text) => /port_range_min += 22\b/.test(text))
    expect(rules).toHaveLength(2)
    const [outside, inside] = [/admin_cidr/, /remote_group_id .*bastion/].map((from) =>
      rules.find((rule) => from.test(rule))
    )
    expect(outside).toMatch(/security_group_id += openstack_networking_secgroup_v2\.bastion\.id/)
    expect(inside).toMatch(/security_group_id += openstack_networking_secgroup_v2\.siskin\.id/)
    expect(network.match(/floatingip_associate_v2"/g)).toHaveLength(1)
    expect(read('deploy/openstack/runbook.md')).toMatch(/ssh -J .*output -raw bastion/)
  })

  test('renders the templates as these tests do', (context) => {
    if (spawnSync('terraform', ['version']).status !== 0) context.skip('there is no terraform')
    for (const template of TEMPLATES) {
      const path = `deploy/openstack/${template}.yaml.tftpl`
      const values = { ...VALUES, role: 'namenode' }
      const trimmed = Object.entries(values).map(([name, value]) => [name, value.trimEnd()])
      const call = `jsonencode(templatefile(${JSON.stringify(join(PROJECT, path))}, jsondecode(${JSON.stringify(JSON.stringify(Object.fromEntries(trimmed)))})))`
      const { stdout, stderr } = spawnSync('terraform', ['console'], {
        cwd: folder,
        input: `${call}\n`,
        encoding: 'utf8'
      })
      expect(stdout, stderr).not.toBe('')
      const text = JSON.parse(JSON.parse(stdout.trim()) as string) as string
      expect(text).toBe(rendered(read(path), values))
    }
  })
})
