import type { PacketRange } from '../packets.ts'
import { Scanner } from './scanner.ts'
import type { ReadOptions, Source, Span } from './source.ts'
import { Window } from './window.ts'
import type { Walk } from './window.ts'

/** Which files hold packets, gzipped or not. Others (a README in an archive) are passed over. */
export function isPacketFile(name: string): boolean {
  const file = name.slice(name.lastIndexOf('/') + 1)
  return !file.startsWith('.') && /\.(avro|confluent)(\.gz)?$/i.test(file)
}

/**
 * Turns a walk over files into ranges. Ranges are cut when full, and where the next packet is in
 * the lake already; packets that are done are dropped. `onEnd` is told how many packets there are
 * when all was read and taken.
 */
export async function* rangesOf(
  source: Pick<Source, 'name'>,
  options: ReadOptions,
  walk: (window: Window) => Walk,
  onEnd: (packets: number) => Promise<void> = async () => {}
): AsyncGenerator<PacketRange> {
  const scanner = new Scanner(source.name, options.cut, options.allocate)
  const done = new Done(options.done)
  let failure: unknown = null
  const window = new Window(scanner)
  const steps = walk(window)
  try {
    for (;;) {
      const step = await steps.next().catch((error: unknown) => {
        failure = error
        return { done: true }
      })
      if (step.done) break
      if (done.has(scanner.position - 1)) scanner.drop()
      else if (scanner.full || done.has(scanner.position)) yield scanner.take()
    }
    if (scanner.pending > 0) yield scanner.take()
  } finally {
    await steps.return()
    await window.close()
  }
  if (failure) throw failure
  await onEnd(scanner.position)
}

/** Which positions the lake holds: asked in ascending order. */
class Done {
  readonly #spans: readonly Span[]
  #at = 0

  constructor(spans: readonly Span[]) {
    this.#spans = spans
  }

  has(position: number): boolean {
    while (this.#at < this.#spans.length && this.#spans[this.#at]![1] < position - 1) this.#at++
    return this.#spans
      .slice(this.#at, this.#at + 2)
      .some(([first, last]) => position >= first && position <= last)
  }
}
