import { messageOf, SiskinError } from './errors.ts'

const TIMEOUT_MS = 5000

/**
 * Registers a schema under a subject of a Confluent-compatible registry.
 * @param flag the flag that names the registry, for the error
 * @returns the id that the registry has for the schema
 * @throws SiskinError if it does not answer, or does not take the schema
 */
export async function registerSchema(
  registry: string,
  subject: string,
  schema: string,
  flag: string
): Promise<number> {
  const url = `${registry.replace(/\/+$/, '')}/subjects/${encodeURIComponent(subject)}/versions`
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema }),
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    const { id, message } = (await response.json()) as { id?: number; message?: string }
    if (response.ok && typeof id === 'number') return id
    throw new Error(message ?? `it answered ${response.status}`)
  } catch (error) {
    throw new SiskinError(
      `schema registry ${url}: ${messageOf(error)}; is it running, is ${flag} right?`,
      1,
      { cause: error }
    )
  }
}
