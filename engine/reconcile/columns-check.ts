import { createHash } from 'node:crypto'
import type { Finding } from '../verify/finding.ts'
import { OWN } from '../lake/ledger.ts'
import type { PartRecord } from '../lake/ledger.ts'
import { isMissing } from '../store/errors.ts'
import type { Store } from '../store/store.ts'

const FOLDER = `${OWN}/columns`
const NAME = /^_siskin\/columns\/([0-9a-f]{16})\.json$/
const HARM = 'units and UCDs of the files that name it are not known; their values are whole'

/** The documents of columns: each is what its name says, and all that files name are there. */
export class ColumnsCheck {
  /** By path, the modules that wrote one of the files that name it. */
  readonly #named = new Map<string, readonly string[]>()

  take(path: string, { modules }: PartRecord): void {
    if (!this.#named.has(path)) this.#named.set(path, Object.keys(modules))
  }

  async findings(store: Store): Promise<Finding[]> {
    const findings: Finding[] = []
    const tell = (path: string, isThere: boolean, what: string) => {
      const modules = this.#named.get(path) ?? null
      const text = modules === null ? `${path} ${what}` : `${path} ${what}: ${HARM}`
      findings.push({ kind: 'columns', path, isThere, modules, text, isDifference: true })
    }
    const there = new Set<string>()
    for (const { path } of await store.list(FOLDER)) {
      there.add(path)
      if (path.endsWith('.new')) continue // a draft: looked at elsewhere
      const [, fingerprint] = NAME.exec(path) ?? []
      if (fingerprint === undefined) tell(path, true, 'is no document of columns')
      else if ((await fingerprintOf(store, path)) !== fingerprint) tell(path, true, 'is damaged')
    }
    for (const path of this.#named.keys()) if (!there.has(path)) tell(path, false, 'is missing')
    return findings
  }
}

async function fingerprintOf(store: Store, path: string): Promise<string | null> {
  try {
    const bytes = await store.read(path)
    return createHash('sha256').update(bytes).digest('hex').slice(0, 16)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
