import { setFlagsFromString } from 'node:v8'

/**
 * V8 marks its heap anew for every 64 MiB of buffers that went by, which is a third of a stream member's time at full speed,
 * and a twelfth of a run's. So the limit grows with the memory in use. For the whole process, from now on.
 */
export function collectLessOften(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
