/** A partition, and the source it is for the lake. */
export interface Partition {
  readonly topic: string
  readonly partition: number
}

export function sourceOf({ topic, partition }: Partition): string {
  return `${topic}-${partition}`
}
