import { SiskinError } from '../errors.ts'

/** A file of a part that is not as the ledger says: its part is left out, and the others go on. */
export class DamagedFile extends SiskinError {
  readonly path: string

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, 1, options)
    this.path = path
  }
}
