import { inject } from 'vitest'
import { kafkaTool } from './kafka.ts'
import type { Hdfs, Kafka } from './cluster.ts'
import type { HeldHdfs, HeldKafka } from './holder.ts'

/** A broker that other tests use at the same time: nobody stops it, and every name in it is somebody's own. */
export type SharedKafka = Pick<Kafka, 'bootstrap' | 'tool'>

/** The same with its other doors. */
export type SharedKafkaDoors = SharedKafka & Omit<HeldKafka, 'folder'>

/** An HDFS that other tests use at the same time. */
export type SharedHdfs = Pick<Hdfs, 'address' | 'root'>

/** The Kafka of this run of the tests, started when the first of them asks. */
export async function sharedKafka(): Promise<SharedKafkaDoors> {
  const held = await ask<HeldKafka>('kafka')
  return { ...held, tool: kafkaTool(held.folder) }
}

/** The HDFS of this run of the tests, started when the first of them asks. */
export function sharedHdfs(): Promise<SharedHdfs> {
  return ask<HeldHdfs>('hdfs')
}

async function ask<Held>(name: string): Promise<Held> {
  const answer = await fetch(`${inject('sharedServers')}/${name}`)
  const { held, error } = (await answer.json()) as { held: Held; error?: string }
  if (error !== undefined) throw new Error(`the shared ${name} does not start: ${error}`)
  return held
}
