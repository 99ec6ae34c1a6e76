import { readFile } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, SiskinError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import { registerSchema } from '../registry/register.ts'
import { wireId } from './names.ts'

/** Writer schemas of Confluent-wire packets by the id that the packets carry. */
export type WriterSchemas = ReadonlyMap<number, string>

/** The subject under which LSST has its alert schemas. */
const SUBJECT = 'alert-packet'

/** Writes schemas where `--schemas` of the readers finds them: `<id>.avsc`. */
export function keepSchemas(folder: string, schemas: WriterSchemas): void {
  try {
    makeFolder(folder)
    for (const [id, text] of schemas) writeFileSync(join(folder, `${id}.avsc`), `${text}\n`)
  } catch (error) {
    throw new SiskinError(`--schemas-out ${folder}: ${messageOf(error)}`, 1, { cause: error })
  }
}

/** The schema of an id in a folder; null if it holds none. */
export async function schemaIn(folder: string, id: number): Promise<string | null> {
  return readFile(join(folder, `${id}.avsc`), 'utf8').catch(() => null)
}

/**
 * Registers the schemas of packets as they come by. A registry chooses ids itself: a packet whose
 * schema got another than it carries gets that one.
 * @throws SiskinError for a packet whose schema nobody knows.
 */
export function registrar(
  registry: string,
  textOf: (id: number) => Promise<string | null>
): (packet: Buffer) => Promise<Buffer> {
  const ids = new Map<number, number>()
  return async (packet) => {
    const own = wireId(packet)
    if (own === null) return packet
    let id = ids.get(own)
    if (id === undefined) {
      const text = await textOf(own)
      if (text === null) {
        throw new SiskinError(
          `schema ${own} is not at hand: say with --schemas which folder holds ${own}.avsc`
        )
      }
      id = await registerSchema(registry, SUBJECT, text, '--registry')
      ids.set(own, id)
    }
    if (id === own) return packet
    const renamed = Buffer.from(packet)
    renamed.writeUInt32BE(id, 1)
    return renamed
  }
}
