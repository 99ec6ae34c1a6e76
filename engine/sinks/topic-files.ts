import { layTopic } from '../lake/part.ts'
import type { MessageFormat } from '../publish/message.ts'
import { encoderOf } from './encoder.ts'
import type { Sink } from './sink.ts'

/** Selected alerts as Avro files of the lake, by topic and night; each is encoded once, however many topics take it. */
export function topicFiles(format: MessageFormat): Sink {
  return {
    kind: 'files',
    stage: 'publish',
    encode({ part, isShared, alerts, batch, metadata }, selections) {
      const encode = encoderOf(alerts, batch, format)
      const night = batch.table.fixed('night').values as Int32Array
      const messages = new Map<number, Buffer>()
      const message = (row: number) => {
        const made = messages.get(row) ?? encode(row)
        messages.set(row, made)
        return made
      }
      const name = isShared ? `${part}-${batch.table.survey}` : part
      const files = selections.flatMap(({ filter, rows }) => {
        const own = { ...metadata, 'siskin.filter': `${filter.name}@${filter.version}` }
        return [...Map.groupBy(rows, (row) => night[row]!)].map(([key, chosen]) =>
          layTopic(name, filter.topic, key, format.schema, own, chosen.map(message))
        )
      })
      return { files }
    }
  }
}
