import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { sharedKafka } from '../cluster/shared.ts'
import type { SharedKafkaDoors } from '../cluster/shared.ts'
import { temporaryFolder } from '../support/siskin.ts'
import {
  describeKafka,
  makeTopic,
  membersOf,
  newName,
  nightOfPackets,
  receivedIn,
  send,
  start,
  until,
  verdictOf
} from './support.ts'

describeKafka('the certificate of an authority', () => {
  const folder = temporaryFolder()
  let kafka: SharedKafkaDoors
  let packets: Buffer[]

  beforeAll(async () => {
    kafka = await sharedKafka()
    packets = await nightOfPackets(folder)
  })
  test('that is gone when a member begins again is waited for, as for any outage', async () => {
    const group = newName('authority')
    const input = { topic: group, partitions: 1 }
    const lake = join(folder, group)
    const ca = join(folder, `${group}.pem`)
    copyFileSync(kafka.tls!.ca, ca)
    await makeTopic(kafka, input)
    await send(kafka, input, packets.slice(0, 60))
    const secure = { ...kafka, bootstrap: kafka.tls!.bootstrap }
    const more = ['--kafka-ca', ca]
    const running = start({ kafka: secure, lake, topics: group, group, more })
    await until(() => receivedIn(lake) === 60, 'the first packets')
    renameSync(ca, `${ca}.away`)
    mkdirSync(ca) // a folder is no certificate either
    for (const pid of membersOf(running)) process.kill(pid, 'SIGKILL')
    const complaint = /member \S+: the authority's certificate \S+: .*; another takes over/g
    await until(() => (running.log().match(complaint) ?? []).length > 1, 'two complaints')
    expect(running.child.exitCode).toBeNull()
    await send(kafka, input, packets.slice(60))
    renameSync(ca, `${ca}.folder`)
    renameSync(`${ca}.away`, ca)
    await until(() => receivedIn(lake) === packets.length, 'the other packets')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    expect(await verdictOf(lake)).toMatchObject({ received: packets.length, differences: [] })
  })
})
