import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startHdfs, startKafka } from './cluster.ts'
import type { Hdfs, Kafka } from './cluster.ts'

/*
 * The process that holds the servers which all tests of one run share: `GET /kafka` and `GET /hdfs` start them,
 * once, and say where they are. When its input ends, which it does however its parent ends, it stops them.
 */

const USER = { name: 'reader', password: 'right' }

export type HeldKafka = Pick<Kafka, 'bootstrap' | 'saslBootstrap' | 'tls' | 'folder'> & {
  /** Whom `saslBootstrap` lets in. */
  readonly user: typeof USER
}
export type HeldHdfs = Pick<Hdfs, 'address' | 'root'>

const running: (Kafka | Hdfs)[] = []
const asked = new Map<string, Promise<HeldKafka | HeldHdfs>>()

const START: Record<string, () => Promise<HeldKafka | HeldHdfs>> = {
  async '/kafka'() {
    const kafka = await startKafka({ user: USER, tls: true })
    running.push(kafka)
    const { bootstrap, saslBootstrap, tls, folder } = kafka
    return { bootstrap, saslBootstrap, tls, folder, user: USER }
  },
  async '/hdfs'() {
    const hdfs = await startHdfs()
    running.push(hdfs)
    return { address: hdfs.address, root: hdfs.root }
  }
}

function heldAt(path: string): Promise<HeldKafka | HeldHdfs> {
  const start = START[path] ?? (() => Promise.reject(new Error(`nothing is held at ${path}`)))
  const held = asked.get(path) ?? start()
  asked.set(path, held)
  return held
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  const body = await heldAt(path).then(
    (held) => ({ held }),
    (error: unknown) => ({ error: String(error) })
  )
  response.end(JSON.stringify(body))
}

async function end(): Promise<void> {
  await Promise.allSettled(asked.values())
  await Promise.all(running.map((server) => server.stop()))
  process.exit(0)
}

const door = createServer((request, response) => void answer(request.url ?? '', response))
door.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(door.address() as AddressInfo).port}`)
})
process.stdin.once('end', () => void end())
process.stdin.resume()
