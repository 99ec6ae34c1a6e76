/** Which packet of a partition: the offset of its message, and its ordinal where a message held several. */
export interface InputPlace {
  readonly offset: number
  readonly nth: number
}

/** `17`; for the third packet of that message `17+2`. */
export function placeName({ offset, nth }: InputPlace): string {
  return nth === 0 ? String(offset) : `${offset}+${nth}`
}

/** @returns null for a text that is no place. */
export function readPlace(text: string): InputPlace | null {
  const match = /^(\d+)(?:\+(\d+))?$/.exec(text)
  return match ? { offset: Number(match[1]), nth: Number(match[2] ?? 0) } : null
}

/** Places in ascending order as one text, neighbours joined: `0 3 17-25 40 40+1`. */
export function layPlaces(places: Iterable<InputPlace>): string {
  const words: string[] = []
  let first = -1
  let last = -1
  const close = () => {
    if (first >= 0) words.push(first === last ? String(first) : `${first}-${last}`)
    first = -1
  }
  for (const place of places) {
    if (first >= 0 && place.nth === 0 && place.offset === last + 1) {
      last = place.offset
      continue
    }
    close()
    if (place.nth === 0) first = last = place.offset
    else words.push(placeName(place))
  }
  close()
  return words.join(' ')
}

/** The places that a text of `layPlaces` names, in its order. */
export function readPlaces(text: string): InputPlace[] {
  return text.split(' ').flatMap((word) => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(word) ?? []
    if (from !== undefined && to !== undefined) {
      const count = Number(to) - Number(from) + 1
      return Array.from({ length: count }, (_, i) => ({ offset: Number(from) + i, nth: 0 }))
    }
    const place = readPlace(word)
    return place ? [place] : []
  })
}

export function countPlaces(text: string): number {
  return readPlaces(text).length
}
