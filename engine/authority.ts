import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { messageOf, OutageError, UsageError } from './errors.ts'

/**
 * The certificate of an authority, from its PEM file. A command has looked at the file before its work
 * began (`checkAuthority`): one that cannot be read now may be there again in a moment.
 * @throws OutageError
 */
export function readAuthority(path: string): Buffer {
  try {
    const pem = readFileSync(path)
    void new X509Certificate(pem)
    return pem
  } catch (error) {
    throw new OutageError(`the authority's certificate ${path}: ${whyNot(error)}`)
  }
}

/** @throws UsageError for a file that holds no certificate. */
export function checkAuthority(path: string): void {
  try {
    readAuthority(path)
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function whyNot(error: unknown): string {
  const isContent = String(Reflect.get(Object(error), 'code')).startsWith('ERR_OSSL')
  return isContent ? 'it holds no certificate (PEM)' : messageOf(error)
}
