import { SiskinError } from '../../errors.ts'
import type { WorkingRange } from '../common/messages.ts'

/** Parts that could not be made, staged or published, though nothing outside is down: it is the packets' doing. */
export class PartError extends SiskinError {
  override readonly name = 'PartError'
  override readonly code = 'part'
  readonly ranges: readonly WorkingRange[]

  constructor(message: string, ranges: readonly WorkingRange[], options?: ErrorOptions) {
    super(message, 1, options)
    this.ranges = ranges
  }
}
