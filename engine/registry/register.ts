import { SiskinError } from '../errors.ts'
import { askRegistry, parseRegistry } from './http.ts'

const TIMEOUT_MS = 5000

/**
 * Registers a schema under a subject of a Confluent-compatible registry.
 * @param registry its address; a user and a password in it appear in no message
 * @param flag the flag that names the registry, for the error
 * @returns the id that the registry has for the schema
 * @throws SiskinError if it does not answer, does not let us in, or does not take the schema
 */
export async function registerSchema(
  registry: string,
  subject: string,
  schema: string,
  flag: string
): Promise<number> {
  const address = parseRegistry(registry)
  const path = `/subjects/${encodeURIComponent(subject)}/versions`
  const answer = await askRegistry(address, { path, body: { schema }, timeoutMs: TIMEOUT_MS })
  const id = answer.known ? answer.body['id'] : null
  if (typeof id === 'number') return id
  throw new SiskinError(
    `schema registry ${address.base}${path}: the answer holds no id; is ${flag} right?`
  )
}
