import { UsageError } from '../../errors.ts'
import { isHttp } from '../../store/http-files.ts'
import { openStore } from '../../store/open-store.ts'

/** What a catalogue can lie in, behind its name; a folder has no ending. */
const WAYS = /^(parquet|csv|vot|votable|xml|csv\.gz|vot\.gz|votable\.gz|xml\.gz|url)$/

/**
 * Of a file, a folder and an address one only may have a name.
 * @param coming what is about to be made, as it will be called
 * @throws UsageError that names them
 */
export async function expectOne(folder: string, name: string, coming?: string): Promise<void> {
  const ways = (await called(folder, name)).filter(({ rest, isFolder }) => {
    return isFolder ? rest === '' : WAYS.test(rest)
  })
  const names = new Set([...ways.map((own) => own.name), ...(coming === undefined ? [] : [coming])])
  if (names.size < 2) return
  const where = [...names].map((own) => `${folder}/${own}`).join(' and ')
  throw new UsageError(
    `catalogue ${name} ${coming === undefined ? 'is' : 'would be'} there twice: ${where}: take one of them away`
  )
}

/** What is there of a name that is no catalogue, for who looks for one: `; gcvs.fits is none`; else nothing. */
export async function insteadOf(folder: string, name: string): Promise<string> {
  const own = (await called(folder, name)).map((one) => {
    if (one.isFolder) return `${one.name}/ has no hats.properties`
    return `${one.name} is none of .parquet, .csv, .vot and .url`
  })
  return own.map((text) => `; ${text}`).join('')
}

interface Called {
  readonly name: string
  readonly isFolder: boolean
  /** Its ending; empty without one. */
  readonly rest: string
}

async function called(folder: string, name: string): Promise<Called[]> {
  if (isHttp(folder)) return [] // nobody lists a web server
  const entries = await openStore(folder).entries('')
  return entries
    .filter((own) => own.name === name || own.name.startsWith(`${name}.`))
    .map((own) => ({ ...own, rest: own.name.slice(name.length + 1) }))
}
