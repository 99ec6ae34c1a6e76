import { messageOf } from '../errors.ts'

/** What is wrong with a catalogue, named once. */
export function faultOf(name: string, error: unknown): string {
  const message = messageOf(error)
  return message.startsWith(`catalogue ${name}`) ? message : `catalogue ${name}: ${message}`
}
