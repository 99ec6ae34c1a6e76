import { parentPort } from 'node:worker_threads'
import { Damage } from '../../../engine/consume/bytes.ts'
import { openSources } from '../../../engine/consume/open.ts'
import { SiskinError } from '../../../engine/errors.ts'

/** Reads archives in a thread of its own, so that one that hangs it can be told from outside. */
parentPort!.on('message', (path: string) => {
  void read(path).then((outcome) => parentPort!.postMessage(outcome))
})

async function read(
  path: string
): Promise<{ packets: number; bytes: number; wrong: string | null }> {
  let packets = 0
  let bytes = 0
  try {
    for (const source of await openSources([path])) {
      const ranges = source.ranges({
        done: [],
        cut: { packets: 20, bytes: 200_000 },
        onRead: () => {},
        allocate: (size) => new ArrayBuffer(size)
      })
      for await (const range of ranges) {
        packets += range.count
        bytes = Math.max(bytes, range.bytes.byteLength)
      }
    }
    return { packets, bytes, wrong: null }
  } catch (error) {
    const isKnown = error instanceof Damage || error instanceof SiskinError
    return { packets, bytes, wrong: isKnown ? null : String((error as Error).stack) }
  }
}
