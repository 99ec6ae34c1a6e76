import { unpaced, like, steady } from '../../engine/replay/rhythm.ts'
import type { Rhythm } from '../../engine/replay/rhythm.ts'
import { replay } from '../../engine/replay/replay.ts'
import type { ReplayAccount } from '../../engine/replay/replay.ts'
import type { Addressed } from '../../engine/replay/sender.ts'
import { UsageError } from '../../engine/errors.ts'
import { withoutPassword } from '../../engine/registry/http.ts'
import { interruptible } from '../common/interrupt.ts'
import { word } from '../../engine/store/lake-flags.ts'
import { kafkaFlags, schemaFlags } from '../common/next.ts'
import { kafkaAccess } from '../common/kafka-access.ts'
import type { Settings } from '../settings/settings.ts'
import { amount, count, duration, ProgressLine, size, table } from '../common/terminal.ts'

export interface Publication {
  readonly survey: 'ztf' | 'lsst'
  /** Decides when bursts come. */
  readonly seed: number
  readonly packets: (control: Control) => AsyncGenerator<readonly Addressed[]>
}

/** What the reading of packets can tell. */
export interface Control {
  readonly say: (line: string) => void
  readonly skipped: (place: string, reason: string) => void
}

/** What was sent, and what was not. */
export interface Published extends ReplayAccount {
  readonly skipped: number
  /** Packets a second that were asked for; null: as many as Kafka takes. */
  readonly asked: number | null
}

/** Publishes packets with a progress line; Ctrl-C stops after what is on its way. */
export async function publish(settings: Settings, publication: Publication): Promise<Published> {
  const line = new ProgressLine(process.stderr)
  const stop = interruptible()
  let skipped = 0
  const control: Control = {
    say: (text) => line.say(text),
    skipped: (place, reason) => {
      skipped++
      line.say(`warn: ${place} is not sent: ${reason}`)
    }
  }
  const asked = settings.rate
  try {
    const account = await replay({
      kafka: kafkaAccess(settings),
      compression: settings.compression ?? (publication.survey === 'lsst' ? 'snappy' : 'none'),
      partitions: settings.partitions,
      replication: settings.replication,
      packets: publication.packets(control),
      rhythm: rhythmOf(settings, publication.seed),
      signal: stop.signal,
      onSkipped: control.skipped,
      onProgress: (account) => line.update(() => progressText(account, settings, skipped))
    })
    return { ...account, skipped, asked }
  } finally {
    line.clear()
    stop.end()
  }
}

function rhythmOf({ rate, like: survey }: Settings, seed: number): Rhythm {
  if (rate !== null && survey !== null)
    throw new UsageError('--rate and --like: choose one of them')
  if (rate !== null) return steady(rate)
  return survey === null ? unpaced() : like(survey, seed)
}

function progressText(account: ReplayAccount, settings: Settings, skipped: number): string {
  const asked = settings.rate ?? settings.like
  return (
    `${amount(account.sent, 'packet')} · ${count(account.rate)}/s${asked === null ? '' : ` of ${asked}`}` +
    ` · ${size(account.bytes)} · ${duration(account.seconds)} · ${count(skipped)} skipped`
  )
}

/** For people; `schemas` is where `siskin stream` finds those of LSST packets. */
export function publishedText(
  { sent, bytes, seconds, rate, skipped, topics }: Published,
  settings: Settings,
  schemas: string | null
): string {
  const names = Object.keys(topics)
  return [
    `${amount(sent, 'packet')} in ${duration(seconds)}: ${count(rate)}/s, ${size(bytes)}, ${count(skipped)} skipped`,
    table(Object.entries(topics).map(([topic, packets]) => [topic, count(packets)])),
    ...(names.length > 0
      ? [
          `next  siskin stream ${kafkaFlags(settings)} --topics ${word(names.join(','))} ${schemaFlags(schemas)}`.trimEnd()
        ]
      : [])
  ].join('\n')
}

/** The account for machines, at the end of `--json`. */
export function publishedJson(published: Published, schemas: string | null): string {
  const place = schemas === null ? null : withoutPassword(schemas)
  return JSON.stringify({ ...published, schemas: place }, null, 1)
}
