import { BLOCK } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { blockAt, readBlock } from '../lake/ledger-walk.ts'
import type { Store } from '../store/store.ts'
import type { Gap } from './fill-gap.ts'

/** Whether a stream sent the messages of positions in Fink's form too. */
export type FinkForm = 'yes' | 'no' | 'unknown'

/** As the parts next to a gap say; unknown where there are none, or they say different things. */
export async function finkOfGap(store: Store, { source, first, last }: Gap): Promise<FinkForm> {
  const block = Math.floor(first / BLOCK)
  const numbers = new Set([Math.max(0, block - 1), block, Math.floor((last + 1) / BLOCK)])
  const near: PartRecord[] = []
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const { records } = await readBlock(store, blockAt(source, number))
    near.push(...records.filter(wasSent))
  }
  const before = near.findLast((record) => record.last < first)
  const behind = near.find((record) => record.first > last)
  const said = new Set([before, behind].flatMap((record) => record?.stream?.fink ?? []))
  if (said.size !== 1) return 'unknown'
  return said.has(true) ? 'yes' : 'no'
}

/** What a stream sent is in no file of the lake. */
function wasSent({ stream, files }: PartRecord): boolean {
  return stream !== undefined && !files.some(({ kind }) => kind === 'topic')
}

/** What is to be said of the form of a gap's messages; `why`: it cannot be filled like that. */
export function formOf(
  form: FinkForm,
  isAsked: boolean
): { readonly isFink: boolean; readonly told: string; readonly why: string | null } {
  const otherwise = isAsked ? 'they do, as --fink-compat says' : 'they do not (--fink-compat)'
  if (form === 'unknown') {
    const told = `; if the stream sent them in Fink’s form too, the parts around do not tell: ${otherwise}`
    return { isFink: isAsked, told, why: null }
  }
  if (form === 'no') {
    const told = isAsked ? '; not in Fink’s form, as the parts around were not sent so' : ''
    return { isFink: false, told, why: null }
  }
  const why = isAsked
    ? null
    : 'the parts around went out in Fink’s form too: say --fink-compat, with the --fink-prefix of the stream'
  return { isFink: true, told: '', why }
}
