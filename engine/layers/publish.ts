import { avroType } from '../avro/type.ts'
import { readHeader } from '../avro/heads.ts'
import { eachBlock } from '../avro/container.ts'
import { SiskinError } from '../errors.ts'
import type { LayerName } from '../lake/layer-name.ts'
import type { PartRecord } from '../lake/ledger.ts'
import type { Store } from '../store/store.ts'
import type { SelectedMessage } from '../publish/kafka.ts'
import type { GapMarks, GapPublisher } from '../repair/publish-gap.ts'
import { STAMPS } from '../table/table.ts'
import { layerRecord } from './inputs.ts'
import type { PartSpan } from './messages.ts'

export interface PublishOptions {
  readonly store: Store
  /** What a version of a filter selected of history. */
  readonly layer: LayerName
  readonly parts: readonly PartSpan[]
  /** Without the prefix of topics. */
  readonly topic: string
  readonly publisher: Pick<GapPublisher, 'publish' | 'limits'>
  /** What was published before. */
  readonly marks: GapMarks
  readonly signal: AbortSignal
  readonly onPart: (messages: number) => void
}

export interface Published {
  /** Messages that went out now, and parts of which all went out before. */
  readonly messages: number
  readonly before: number
  /** Alerts that no message can hold. */
  readonly tooLarge: number
}

/**
 * Brings what was selected of history into a topic, in one transaction a part with a mark that names the part: once,
 * whatever is killed and run again.
 */
export async function publishLayer(options: PublishOptions): Promise<Published> {
  const { store, layer, parts, topic, publisher, marks, signal, onPart } = options
  const sum = { messages: 0, before: 0, tooLarge: 0 }
  for (const part of parts) {
    if (signal.aborted) break
    const record = await layerRecord(store, layer, part)
    if (!record) continue // it is broken, and named
    const marked = { ...record, source: `${record.source} > ${topic}` }
    if (marks.publishedAs(marked) !== null) {
      sum.before++
      continue
    }
    const messages = await messagesIn(store, record, topic, publisher.limits.maxBytes)
    const fitting = messages.filter(({ value }) => value.length <= publisher.limits.maxBytes)
    await publisher.publish(marked, fitting)
    sum.messages += fitting.length
    sum.tooLarge += messages.length - fitting.length
    onPart(fitting.length)
  }
  return sum
}

const NO_STAMPS = Object.fromEntries(STAMPS.map((name) => [`cutout_${name}`, null]))

/** What the files of a part hold, as messages for Kafka. */
async function messagesIn(
  store: Store,
  record: PartRecord,
  topic: string,
  maxBytes: number
): Promise<SelectedMessage[]> {
  const [[name, filter] = ['', null]] = Object.entries(record.filters)
  const messages: SelectedMessage[] = []
  for (const { path } of record.files) {
    const bytes = await store.read(path)
    const header = readHeader(bytes, 0, bytes.length)
    if (!header) throw new SiskinError(`${path} ends in its header: siskin verify says more`)
    const type = avroType(header.schema)
    const night = Number(/night=(\d{8})/.exec(path)?.[1])
    eachBlock(bytes, (_, start, end) => {
      const datum = Buffer.from(bytes.subarray(start, end))
      const alert = type.fromBuffer(datum) as Readonly<Record<string, unknown>>
      const bare = datum.length > maxBytes
      messages.push({
        topic,
        filter: `${name}@${filter?.version ?? ''}`,
        survey: String(alert['survey']),
        source: record.source,
        history: record.source.split('/', 2).join('/'),
        night,
        key: typeof alert['object_id'] === 'string' ? alert['object_id'] : '',
        value: bare ? type.toBuffer({ ...alert, ...NO_STAMPS }) : datum,
        bare
      })
    })
  }
  return messages
}
