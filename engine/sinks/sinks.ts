import type { Survey } from '../contract/index.ts'
import type { FinkFormat } from '../publish/fink.ts'
import type { MessageFormat } from '../publish/message.ts'
import type { Warn } from '../publish/select.ts'
import { finkTopics } from './fink-topics.ts'
import { kafkaTopics } from './kafka-topics.ts'
import { lakeFiles } from './lake-files.ts'
import type { Sink } from './sink.ts'
import { topicFiles } from './topic-files.ts'

/** Most bytes of a message for Kafka; `fink`: every message in that form too. */
export interface MessageLimits {
  readonly maxBytes: number
  readonly fink: { readonly format: FinkFormat; readonly maxBytes: number } | null
}

/** Where selected alerts go: into files of the lake, or to Kafka. */
export type Topics = 'files' | MessageLimits

/** All that a part goes out to, in their order; packets of the surveys `compressed` are kept so. */
export function sinksFor(
  topics: Topics,
  compressed: ReadonlySet<Survey>,
  format: MessageFormat,
  warn: Warn
): readonly Sink[] {
  const lake = lakeFiles(compressed)
  if (topics === 'files') return [lake, topicFiles(format)]
  const { maxBytes, fink } = topics
  const compatible = fink ? [finkTopics(fink.format, fink.maxBytes)] : []
  return [lake, kafkaTopics(format, maxBytes, warn), ...compatible]
}
