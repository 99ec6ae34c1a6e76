import { SiskinError } from '../errors.ts'

/** One partition does not give what is asked for, others may. */
export class PartitionError extends SiskinError {
  override readonly name = 'PartitionError'
  /** Our user may not read it. */
  readonly isForbidden: boolean

  constructor(message: string, isForbidden = false, options?: ErrorOptions) {
    super(message, 1, options)
    this.isForbidden = isForbidden
  }
}
