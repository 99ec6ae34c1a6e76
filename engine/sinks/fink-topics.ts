import type { FinkFormat } from '../publish/fink.ts'
import { layFinkMessages } from '../publish/kafka.ts'
import { originOf } from './encoder.ts'
import type { Sink } from './sink.ts'

/** The same messages in the form that Fink's client reads, for topics of their own. */
export function finkTopics(format: FinkFormat, maxBytes: number): Sink {
  return {
    kind: 'fink',
    stage: 'publish',
    encode(outgoing, selections) {
      const { batch, alerts } = outgoing
      const { origins } = alerts
      const encode = format.bind(batch, (row) => ({
        buffer: origins.buffers[origins.buffer[row]!]!,
        start: origins.start[row]!,
        length: origins.length[row]!,
        schema: origins.schemas[origins.schema[row]!]!
      }))
      const origin = originOf(outgoing)
      return { messages: layFinkMessages(batch, selections, origin, encode, maxBytes) }
    }
  }
}
