import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { header, paxRecord, tarEntry, tarOf } from '../../support/archives.ts'
import { syntheticLsst, syntheticZtf } from '../../support/packets.ts'
import { random } from '../../support/random.ts'
import { temporaryFolder } from '../../support/siskin.ts'

const CASES = 2000
const MOST_MS = 20_000
const folder = temporaryFolder()
const reader = new Worker(new URL('./fuzz-reader.ts', import.meta.url))
afterAll(() => reader.terminate())

interface Outcome {
  readonly packets: number
  readonly bytes: number
  readonly wrong: string | null
}

/** What became of a file; null when nothing is heard of it in time. */
function read(path: string): Promise<Outcome | null> {
  return new Promise((resolve) => {
    const dog = setTimeout(() => resolve(null), MOST_MS)
    reader.once('message', (outcome: Outcome) => {
      clearTimeout(dog)
      resolve(outcome)
    })
    reader.postMessage(path)
  })
}

const packets = [...syntheticZtf(3), ...syntheticLsst(3)]
const pad = (bytes: Uint8Array) =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
const pax = Buffer.from(paxRecord('comment', 'a\nb') + paxRecord('path', 'pax.avro'))
const link = header('link.avro', 0, '1')
const sparse = header('sparse.avro', 1000, 'S')
sparse.write('00000000000\0', 386)
sparse.write('00000001750\0', 398)
sparse.write('00000100000\0', 483)
mended(sparse)

/** Every kind of entry that the reader knows. */
const tar = Buffer.concat([
  tarEntry(packets[0]!),
  header('PaxHeaders/x', pax.length, 'x'),
  pad(pax),
  tarEntry(packets[1]!),
  tarEntry({ name: 'packed.avro.gz', bytes: gzipSync(packets[2]!.bytes) }),
  link,
  sparse,
  pad(Buffer.alloc(1000, 7)),
  tarEntry({ name: `${'long/'.repeat(40)}a.avro`, bytes: packets[1]!.bytes }, 'gnu'),
  tarOf(packets.slice(3))
])
const half = tar.length >> 1
const whole: readonly [string, Buffer][] = [
  ['a.tar', tar],
  ['a.tar.gz', gzipSync(tar)],
  [
    'm.tar.gz',
    Buffer.concat([gzipSync(tar.subarray(0, half)), Buffer.alloc(3), gzipSync(tar.subarray(half))])
  ],
  ['a.avro', Buffer.from(packets[0]!.bytes)],
  ['a.avro.gz', gzipSync(packets[0]!.bytes)],
  ['a.confluent.gz', gzipSync(packets[3]!.bytes)]
]

function mutated(bytes: Buffer, rng: () => number): Buffer {
  const below = (limit: number) => Math.floor(rng() * limit)
  let out = Buffer.from(bytes)
  // Headers of tar begin at multiples of 512, and what is small is mostly header.
  const place = () =>
    rng() < 0.4 ? (below(out.length / 512) * 512 + below(512)) % out.length : below(out.length)
  for (let changes = 1 + below(4); changes > 0 && out.length > 0; changes--) {
    const at = place()
    const kind = below(6)
    if (kind === 0) out = out.subarray(0, at)
    else if (kind === 1) out[at] = out[at]! ^ (1 << below(8))
    else if (kind === 2) out.fill(below(256), at, Math.min(out.length, at + 1 + below(600)))
    else if (kind === 3) out = Buffer.concat([out, out.subarray(at, at + below(2000))])
    else if (kind === 4)
      out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + below(700))])
    else out.write(String(below(10 ** 9)), at)
  }
  return rng() < 0.3 ? mended(out) : out
}

/** Checksums of tar headers made right again, so that what is wrong in them is read. */
function mended(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue
    bytes.write('        ', at + 148)
    const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0)
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148)
  }
  return bytes
}

test('whole, they are read', async () => {
  const found: number[] = []
  for (const [name, bytes] of whole) {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    found.push((await read(path))?.packets ?? -1)
  }
  expect(found).toEqual([8, 8, 8, 1, 1, 1])
})

test(`${CASES} damaged archives: none hangs, none throws but what says where, none takes memory`, async () => {
  for (let seed = 0; seed < CASES; seed++) {
    const rng = random(seed)
    const [name, bytes] = whole[seed % whole.length]!
    const path = join(folder, name)
    writeFileSync(path, mutated(bytes, rng))
    const outcome = await read(path)
    expect(outcome, `seed ${seed} of ${name}: nothing was heard of it`).not.toBeNull()
    expect(outcome!.wrong, `seed ${seed} of ${name}`).toBeNull()
    expect(outcome!.bytes, `seed ${seed} of ${name}`).toBeLessThan(64 * 1024 * 1024)
  }
}, 600_000)
