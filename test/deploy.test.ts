import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { Command } from 'commander'
import { parse, parseAllDocuments } from 'yaml'
import { METRICS } from '../engine/stream/common/metric-defs.ts'
import type { MetricDef } from '../engine/metrics/family.ts'
import { buildProgram } from '../jobs/program.ts'
import { readSettings } from '../jobs/settings/settings.ts'
import type { Settings } from '../jobs/settings/settings.ts'
import { cloudConfig } from './support/cloud-init.ts'
import { metricsIn } from './support/promql.ts'
import { rendered } from './support/tftpl.ts'

const PROJECT = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'siskin-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8')

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly datasource: { readonly uid: string }
  readonly gridPos: {
    readonly x: number
    readonly y: number
    readonly w: number
    readonly h: number
  }
  readonly targets: readonly { readonly expr: string; readonly refId: string }[]
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { alert: string; expr: string }[] }[]
}

interface Manifest {
  readonly kind: string
  readonly data: Record<string, string>
  readonly spec: Record<string, any> // oxlint-disable-line typescript/no-explicit-any -- Kubernetes' own
}

const dashboard = JSON.parse(read('deploy/grafana/siskin.json')) as { panels: Panel[] }
const rules = parse(read('deploy/prometheus/rules.yml')) as Rules
const alerts = rules.groups.flatMap((group) => group.rules)

function manifests(path: string): Manifest[] {
  return parseAllDocuments(read(path)).map((document) => document.toJS() as Manifest)
}

const kubernetes = manifests('deploy/kubernetes/siskin.yaml')
const deployment = kubernetes.find(({ kind }) => kind === 'Deployment')!.spec['template']
const container = deployment.spec.containers[0]

const jobs = manifests('deploy/kubernetes/jobs.yaml')

interface PodSpec {
  readonly containers: readonly {
    readonly args: readonly string[]
    readonly resources: { requests: { memory: string }; limits: { memory: string } }
    readonly volumeMounts: readonly { name: string; mountPath: string; readOnly?: boolean }[]
  }[]
  readonly volumes: readonly { name: string }[]
}

/** The pods that a Deployment, a Job or a CronJob makes. */
function podsOf({ kind, spec }: Manifest): PodSpec[] {
  const work = kind === 'CronJob' ? spec['jobTemplate'].spec : spec
  return work?.['template'] ? [work['template'].spec as PodSpec] : []
}

const program = await buildProgram()

/** A command of the program, and the settings that it reads from a configuration file. */
function commandOf(name: string): Command {
  return program.commands.find((command) => command.name() === name)!
}

function settingsOf(name: string, yaml: string): Settings {
  const path = join(folder, 'settings.yaml')
  writeFileSync(path, yaml)
  const command = commandOf(name)
  command.parseOptions(['--config', path])
  return readSettings(command)
}

const inPod = settingsOf(
  'stream',
  kubernetes.find(({ kind }) => kind === 'ConfigMap')!.data['stream.yaml']!
)

/** What cloud-init writes to a machine of members, with something in the place of Terraform's names. */
function onMachine(file: string): string {
  const text = read('deploy/openstack/member.yaml.tftpl')
  const names = [...text.matchAll(/\$\{(?:indent\(\d+, )?(\w+)/g)].map(([, name = '']) => name)
  const values = Object.fromEntries(names.map((name) => [name, `${name}:1`]))
  const known = { members: '4', address: '10.20.0.50' }
  const { write_files: files } = cloudConfig(rendered(text, { ...values, ...known }))
  return files.find(({ path }) => path.endsWith(file))!.content
}

describe('deployment files name what there is', () => {
  test('settings', () => {
    expect(inPod).toMatchObject({ group: 'siskin', metricsPort: 9464, logFormat: 'json' })
    const { metricsPort, metricsHost } = settingsOf('stream', onMachine('stream.yaml'))
    expect([metricsPort, metricsHost]).toEqual([inPod.metricsPort, '10.20.0.50'])
    expect(settingsOf('run', onMachine('run.yaml')).lake).toBe('lake:1')
    expect(settingsOf('verify', onMachine('verify.yaml')).kafkaCa).toBe('/etc/siskin/ca.pem')
    const { data } = jobs.find(({ kind }) => kind === 'ConfigMap')!
    for (const name of ['run', 'verify'] as const) {
      expect(settingsOf(name, data[`${name}.yaml`]!).lake).toBe(inPod.lake)
    }
  })

  test('commands and flags', () => {
    const units = ['siskin-stream.service', 'siskin-run@.service'].flatMap((unit) =>
      [...read(`deploy/openstack/${unit}`).matchAll(/^ExecStart=.*siskin\.js (.*)$/gm)].map(
        ([, args = '']) => args.split(' ')
      )
    )
    const pods = jobs.flatMap((job) => podsOf(job).flatMap((pod) => pod.containers))
    const started = [...units, container.args, ...pods.map(({ args }) => args)] as string[][]
    expect(started).toHaveLength(6)
    for (const [name = '', ...args] of started) {
      expect(commandOf(name).parseOptions(args).unknown, name).toEqual([])
    }
    const spoken = [...read('deploy/openstack/runbook.md').matchAll(/`siskin (\w+)/g)]
    for (const [, name = ''] of spoken) expect(commandOf(name), name).toBeDefined()
  })

  test('ports, probes and the group', () => {
    const port = inPod.metricsPort
    expect(container.ports).toEqual([{ name: 'metrics', containerPort: port }])
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'metrics' })
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'metrics' })
    expect(deployment.metadata.annotations['prometheus.io/port']).toBe(String(port))
    const scaler = manifests('deploy/kubernetes/autoscale.yaml').at(-1)!.spec
    expect(scaler['triggers'][0].metadata.consumerGroup).toBe(inPod.group)
    for (const path of [
      'terraform/network.tf',
      'terraform/outputs.tf',
      'deploy/prometheus/prometheus.yml'
    ]) {
      expect(read(path)).toContain(String(port))
    }
  })

  test('metrics and their labels, in the dashboard and in the alerts', () => {
    const known = new Map<string, readonly string[]>([['up', []]])
    for (const { name, type, labels } of Object.values<MetricDef>(METRICS)) {
      if (type !== 'histogram') known.set(name, labels)
      else for (const end of ['_bucket', '_sum', '_count']) known.set(name + end, labels)
    }
    const expressions = [
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...alerts.map(({ expr }) => expr)
    ]
    const asked = expressions.flatMap(metricsIn)
    expect(asked.length).toBeGreaterThan(40)
    for (const { name, labels } of asked) {
      expect([...known.keys()]).toContain(name)
      const own = [
        ...known.get(name)!,
        'job',
        'instance',
        ...(name.endsWith('_bucket') ? ['le'] : [])
      ]
      expect(own, name).toEqual(expect.arrayContaining([...labels]))
    }
    const shown = new Set(asked.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
    const hidden = ['siskin_topic_lag_messages', 'siskin_build_info', 'process_start_time_seconds']
    const unused = Object.values(METRICS).filter(({ name }) => !shown.has(name))
    expect(unused.map(({ name }) => name)).toEqual(hidden)
  })

  test('the dashboard is whole', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { datasource, targets } of panels) {
      expect(datasource.uid).toBe('${datasource}')
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})

describe('Kubernetes', () => {
  const all = ['siskin', 'jobs', 'network', 'reprocess'].flatMap((name) =>
    manifests(`deploy/kubernetes/${name}.yaml`)
  )
  const mib = (text: string) => Number.parseFloat(text) * (text.endsWith('Gi') ? 1024 : 1)

  test('requests of memory are what was measured, and a limit leaves room', () => {
    const figures = read('ARCHITECTURE.md')
    const streamed = /to HDFS and 25 topics .*?([\d,]+) MiB$/m.exec(figures)![1]!
    const taken = /2 members, 6 filters .*?([\d,]+) MiB$/m.exec(figures)![1]!
    const measured = (text: string, members: number) => Number(text.replace(',', '')) * members
    const needs = new Map([
      ['stream', measured(streamed, 1)],
      ['run', measured(taken, 2)]
    ])
    for (const { args, resources } of all.flatMap(podsOf).flatMap((pod) => pod.containers)) {
      const need = needs.get(args[0]!) ?? 0
      expect(mib(resources.requests.memory), args[0]).toBeGreaterThanOrEqual(need)
      expect(mib(resources.requests.memory), args[0]).toBeLessThan(need === 0 ? 1024 : need * 1.5)
      expect(mib(resources.limits.memory), args[0]).toBeGreaterThan(need * 1.5)
    }
  })

  test('history is planned by settings that there are, in as many shares as pods', () => {
    const [{ data }, { spec }] = manifests('deploy/kubernetes/reprocess.yaml') as [
      Manifest,
      Manifest
    ]
    const { lake, hdfsCa, modules } = settingsOf('reprocess', data['reprocess.yaml']!)
    expect([lake, hdfsCa, modules]).toEqual([inPod.lake, inPod.hdfsCa, ['rate']])
    const { env } = spec['template'].spec.containers[0]
    const shares = (env as { name: string; value: string }[]).find(({ name }) => name === 'SHARES')
    expect([spec['completionMode'], spec['completions']]).toEqual([
      'Indexed',
      Number(shares!.value)
    ])
  })

  test('what is mounted is there, and not within another mount', () => {
    for (const { containers, volumes } of all.flatMap(podsOf)) {
      const paths = containers[0]!.volumeMounts.map(({ mountPath }) => `${mountPath}/`)
      const names = containers[0]!.volumeMounts.map(({ name }) => name)
      expect(names.sort()).toEqual(volumes.map(({ name }) => name).sort())
      const inside = paths.filter((path) => paths.some((at) => at !== path && path.startsWith(at)))
      expect(inside).toEqual([])
    }
  })

  test('Kafka and HDFS are reached with TLS, and the network lets members reach what they are told of', () => {
    const verify = settingsOf('verify', jobs[0]!.data['verify.yaml']!)
    for (const { kafkaCa, hdfsCa, brokers } of [inPod, verify]) {
      expect([kafkaCa, hdfsCa]).toEqual(['/etc/siskin-kafka/ca.pem', '/etc/siskin-hdfs/ca.pem'])
      expect(brokers).toEqual(inPod.brokers)
    }
    expect(inPod.lake).toMatch(/^swebhdfs:/)
    const { egress, ingress } = all.find(({ kind }) => kind === 'NetworkPolicy')!.spec
    const ports = (egress as { ports: { port: number }[] }[]).flatMap((rule) =>
      rule.ports.map(({ port }) => port)
    )
    const told = [...(inPod.brokers ?? []), ...inPod.lake.split('/')[2]!.split(',')]
    for (const place of told) expect(ports, place).toContain(Number(place.split(':')[1]))
    expect(ingress[0].ports).toEqual([{ port: inPod.metricsPort }])
    const scaler = manifests('deploy/kubernetes/autoscale.yaml').at(-1)!.spec
    const { metadata } = scaler['triggers'][0]
    expect(metadata).toMatchObject({ tls: 'enable', sasl: 'scram_sha512' })
    expect(metadata.bootstrapServers.split(',')).toEqual(inPod.brokers)
  })
})
