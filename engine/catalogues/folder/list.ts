import { messageOf } from '../../errors.ts'
import { openStore } from '../../store/open-store.ts'
import { cdsTable } from '../cds/open.ts'
import type { Table } from '../cds/service.ts'
import { openHats } from '../hats/hats.ts'
import type { Hats } from '../hats/hats.ts'
import { addressOf } from '../hats/open.ts'

/** What lies in a folder of catalogues, by name. */
export type Listed =
  | { readonly name: string; readonly kind: 'cds'; readonly table: Table }
  | { readonly name: string; readonly kind: 'file'; readonly path: string }
  | { readonly name: string; readonly kind: 'hats'; readonly at: string; readonly hats: Hats }
  | { readonly name: string; readonly kind: 'broken'; readonly at: string; readonly reason: string }

const FILE = /^(.+)\.(parquet|csv(\.gz)?|(vot|votable|xml)(\.gz)?)$/
const ADDRESS = /^(.+)\.url$/

/** All catalogues that modules and filters can ask for. */
export async function catalogues(folder: string): Promise<Listed[]> {
  const found: Listed[] = []
  for (const { name, isFolder } of await openStore(folder).entries('')) {
    const file = FILE.exec(name)
    if (file && !isFolder) found.push({ name: file[1]!, kind: 'file', path: `${folder}/${name}` })
    const own = isFolder ? name : ADDRESS.exec(name)?.[1]
    if (own === undefined || /\.(new|old)$/.test(own)) continue
    const listed = await hatsCalled(folder, own)
    if (listed) found.push(listed)
  }
  return found
}

async function hatsCalled(folder: string, name: string): Promise<Listed | null> {
  const at = (await addressOf(folder, name)) ?? `${folder}/${name}`
  const table = cdsTable(at)
  if (table) return { name, kind: 'cds', table }
  try {
    const hats = await openHats(name, at)
    return hats && { name, kind: 'hats', at, hats }
  } catch (error) {
    return { name, kind: 'broken', at, reason: messageOf(error) }
  }
}
