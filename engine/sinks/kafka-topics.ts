import { layMessages } from '../publish/kafka.ts'
import type { MessageFormat } from '../publish/message.ts'
import type { Warn } from '../publish/select.ts'
import { encoderOf, originOf } from './encoder.ts'
import type { Sink } from './sink.ts'

/** Selected alerts as messages, of at most `maxBytes`, for the filters' topics in Kafka. */
export function kafkaTopics(format: MessageFormat, maxBytes: number, warn: Warn): Sink {
  return {
    kind: 'kafka',
    stage: 'publish',
    encode(outgoing, selections) {
      const { alerts, batch } = outgoing
      const encode = encoderOf(alerts, batch, format)
      return layMessages(batch, selections, originOf(outgoing), encode, { maxBytes, warn })
    }
  }
}
