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

/** All that a part goes out to, in their order. */
export function sinksFor(topics: Topics, format: MessageFormat, warn: Warn): readonly Sink[] {
  if (topics === 'files') return [lakeFiles, topicFiles(format)]
  const { maxBytes, fink } = topics
  const compatible = fink ? [finkTopics(fink.format, fink.maxBytes)] : []
  return [lakeFiles, kafkaTopics(format, maxBytes, warn), ...compatible]
}
