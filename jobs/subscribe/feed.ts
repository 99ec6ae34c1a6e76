import { openStore } from '../../engine/store/open-store.ts'
import { Bookmarks } from '../../engine/subscribe/bookmarks.ts'
import type { Feed, LagRow, ReadFrom } from '../../engine/subscribe/feed.ts'
import { LakeFeed } from '../../engine/subscribe/lake-feed.ts'
import { lakeLag, topicNames } from '../../engine/subscribe/lake-topics.ts'
import type { Settings } from '../settings/settings.ts'

/** Which places were named. */
export interface GivenPlaces {
  /** A lake was named, and is not just the usual one: it may have the schemas too. */
  readonly hasLake: boolean
  /** The lake is to be read, whatever brokers there are. */
  readonly onlyLake: boolean
}

export interface Wanted extends GivenPlaces {
  readonly topics: readonly string[]
  readonly group: string
  readonly from: ReadFrom
  readonly follow: boolean
  readonly registry: string | null
  readonly onNote: (message: string) => void
}

/** Where the topics are: in Kafka or in a lake. */
export interface FeedAddress {
  open(): Promise<Feed>
  lag(): Promise<LagRow[]>
  /** Which topics there are. */
  names(): Promise<string[]>
  /** What `lag` counts by. */
  readonly by: 'partition' | 'night'
  /** An error in words for people. */
  explain(error: unknown): unknown
}

export async function findPlace(settings: Settings, wanted: Wanted): Promise<FeedAddress> {
  const isKafka = settings.brokers.length > 0 && !wanted.onlyLake
  if (!isKafka) return inLake(settings.lake, wanted)
  const { inKafka } = await import('./kafka.ts')
  return inKafka(settings, wanted)
}

async function inLake(lake: string, wanted: Wanted): Promise<FeedAddress> {
  const store = openStore(lake)
  const { topics, group, from, follow } = wanted
  const bookmarks = await Bookmarks.open(lake, group)
  return {
    open: () => LakeFeed.open({ store, topics, bookmarks, from, follow }),
    lag: () => lakeLag(store, topics, bookmarks),
    names: () => topicNames(store),
    by: 'night',
    explain: (error) => error
  }
}
