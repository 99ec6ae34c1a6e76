import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { readArchive } from '../../simulator/read-archive.ts'
import { simulate } from '../../simulator/index.ts'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafka } from '../cluster/shared.ts'
import { ask } from '../support/ask.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  drain,
  makeTopic,
  newName,
  nightOfPackets,
  published,
  receivedIn,
  send
} from './support.ts'
import type { StreamArgs } from './support.ts'

const INPUT = { ztf: 'before-fink-ztf', lsst: 'before-fink-lsst' }

describeKafka('topics in Fink’s form', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafka

  beforeAll(async () => {
    kafka = await sharedKafka()
    const ztf = await nightOfPackets(folder)
    const out = join(folder, 'lsst.tar')
    await simulate({ out, survey: 'lsst', scale: 0.00001, seed: 5, inject: { kilonova: 8 } })
    const lsst = readArchive(out).filter(({ name }) => !name.endsWith('.avsc'))
    for (const topic of Object.values(INPUT)) await makeTopic(kafka, { topic, partitions: 1 })
    await send(kafka, { topic: INPUT.ztf, partitions: 1 }, ztf.slice(0, 120))
    const packets = lsst.map(({ bytes }) => bytes)
    await send(kafka, { topic: INPUT.lsst, partitions: 1 }, packets)
  })

  const streamOf = (topics: string, name: string, prefix: string, ...more: string[]) => {
    const flags = ['--fink-compat', '--fink-prefix', prefix, '--schemas', join(folder, 'schemas')]
    const lake = join(folder, name)
    return { kafka, lake, topics, group: name, more: [...flags, ...more] } satisfies StreamArgs
  }

  const surveysIn = async (prefix: string) => {
    const messages = await published(kafka, prefix)
    return new Set(messages.map(({ headers }) => /survey:(\w+)/.exec(headers)?.[1]))
  }

  const verified = async ({ lake, group }: StreamArgs, prefix: string) => {
    const flags = ['--brokers', kafka.bootstrap, '--group', group, '--out-prefix', `${group}-`]
    const fink = ['--fink-compat', '--fink-prefix', prefix]
    const { code, stdout } = await ask(['verify', '--lake', lake, ...flags, ...fink])
    expect(code, stdout).toBe(0)
  }

  test('streams of two surveys have them side by side; no second one of a survey does', async () => {
    const [prefix, one, two, other] = ['fink', 'lsst1', 'lsst2', 'ztf1'].map(newName)
    const first = streamOf(INPUT.lsst, one!, prefix!)
    const begun = await drain(first)
    expect(begun.code, begun.stderr).toBe(0)
    expect(await surveysIn(prefix!)).toEqual(new Set(['lsst']))
    const before = (await published(kafka, prefix!)).length

    const double = streamOf(INPUT.lsst, two!, prefix!)
    const refused = await drain(double) // at its first message: that of ZTF are free
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(
      new RegExp(`^siskin: the topic ${prefix}\\w+_lsst is published by group ${one} `, 'm')
    )
    expect(receivedIn(double.lake)).toBe(0)
    expect(await published(kafka, prefix!, before)).toHaveLength(before)
    const sure = await drain(streamOf(INPUT.lsst, `${two}s`, prefix!, '--surveys', 'lsst'))
    expect(sure.code).toBe(2)
    expect(existsSync(join(folder, `${two}s/lsst`))).toBe(false)

    const beside = streamOf(INPUT.ztf, other!, prefix!)
    const done = await drain(beside)
    expect(done.code, done.stderr).toBe(0)
    expect(await surveysIn(prefix!)).toEqual(new Set(['lsst', 'ztf']))
    await verified(first, prefix!)
    await verified(beside, prefix!)

    const late = await drain(streamOf(INPUT.ztf, `${other}b`, prefix!)) // both are another's by now
    expect([late.code, late.stderr]).toEqual([2, expect.stringMatching(/^siskin: the topic /m)])
    const again = await drain(first) // its own are still its own
    expect(again.code, again.stderr).toBe(0)
    const given = await drain(streamOf(INPUT.lsst, two!, prefix!, '--take-over'))
    expect(given.code, given.stderr).toBe(0)
  })
})
