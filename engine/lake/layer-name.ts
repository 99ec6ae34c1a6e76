/**
 * What a version of a module says of alerts that were taken in before (`layers/rate@1.1.0`), or what a version of
 * a filter selects of them (`topics/fast-riser@1.1.0`).
 */
export interface LayerName {
  readonly kind: 'layers' | 'topics'
  /** Of the module, or of the topic. */
  readonly name: string
  readonly version: string
}

/** Which making of a part it was, of those that there may be one after the other. */
export interface Making {
  readonly source: string
  readonly attempt: string
}

/** Of a layer: what its part was made of. */
export interface LayerAccount {
  /** Versions of the modules that it read from, and that those read from. */
  readonly from: Readonly<Record<string, string>>
  /** The making of the part, and of each layer, that it read; not known of layers of older versions. */
  readonly of?: readonly Making[]
  /** Catalogues and models that it asked, with their versions; left out: none. */
  readonly resources?: string
  /** What was learned later was left out of it; null: nothing was. */
  readonly asOf: string | null
}

export function layerText({ kind, name, version }: LayerName): string {
  return `${kind}/${name}@${version}`
}

/** @param text `rate@1.1.0` */
export function parseLayer(kind: LayerName['kind'], text: string): LayerName | null {
  const [, name, version] = /^([^@/]+)@([^@/]+)$/.exec(text) ?? []
  return name === undefined || version === undefined ? null : { kind, name, version }
}

/**
 * The layer of a source is a source too, with the same parts: it is committed, recovered, counted and proved as any
 * other. Its name is that of the layer and that of the source; no other source has a `/` in it.
 */
export function layerSource(layer: LayerName, source: string): string {
  return `${layerText(layer)}/${source}`
}

/** The layer and the source that the name of a source says; null for one that is no layer. */
export function layerOf(
  source: string
): { readonly layer: LayerName; readonly source: string } | null {
  const [kind = '', name = '', own] = source.split('/')
  if (own === undefined || (kind !== 'layers' && kind !== 'topics')) return null
  const layer = parseLayer(kind, name)
  return layer && { layer, source: own }
}

/** Where the layer of a file of alerts lies: same night, same part. */
export function layerPath(alerts: string, { name, version }: Omit<LayerName, 'kind'>): string {
  return alerts.replace('/alerts/', `/layers/${name}@${version}/`)
}

/** The layer that a file or a folder of one lies in; null for any other. */
export function layerOfPath(path: string): LayerName | null {
  const [, kind, text] =
    /^[^/]+\/(layers)\/([^/]+)/.exec(path) ?? /^(topics)\/([^/]+@[^/]+)/.exec(path) ?? []
  return text === undefined ? null : parseLayer(kind as LayerName['kind'], text)
}

/** Layers as of a time are shown to those only who name them. */
export function isShown({ version }: Pick<LayerName, 'version'>): boolean {
  return !version.includes('+')
}

/** By the precedence of semantic versions; what is behind a `+` says nothing. */
export function compareVersions(a: string, b: string): number {
  const [one, two] = [stepsOf(a), stepsOf(b)]
  for (let i = 0; i < Math.max(one.length, two.length); i++) {
    const order = compareSteps(one[i], two[i], i)
    if (order !== 0) return order
  }
  return 0
}

const CORE = 3

function stepsOf(version: string): string[] {
  const [plain = ''] = version.split('+')
  const [core = '', ...pre] = plain.split('-')
  return [...core.split('.'), ...(pre.length > 0 ? pre.join('-').split('.') : [])]
}

/** A version comes after its candidates; numbers come before words. */
function compareSteps(a: string | undefined, b: string | undefined, at: number): number {
  if (a === b) return 0
  if (a === undefined || b === undefined) return (a === undefined ? -1 : 1) * (at === CORE ? -1 : 1)
  const [one, two] = [a, b].map((text) => (/^\d+$/.test(text) ? Number(text) : null)) as [
    number | null,
    number | null
  ]
  if (one !== null && two !== null) return one - two
  if (one !== null || two !== null) return one !== null ? -1 : 1
  return a < b ? -1 : 1
}
