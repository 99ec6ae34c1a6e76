/** One field of a survey's Avro record. */
export interface Field {
  readonly name: string
  readonly type: 'int' | 'long' | 'float' | 'double' | 'boolean' | 'string' | 'bytes'
  readonly nullable: boolean
}

/** The field of a packet that marks it as simulated by `siskin inject`; those of surveys have none. */
export const INJECTED_FIELD = 'siskin_injected'

/** Reads a compact field list: `name:type` or `name:type?`, separated by white space. */
export function fields(list: string): readonly Field[] {
  return list
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = '', type = ''] = entry.split(':')
      return {
        name,
        type: type.replace('?', '') as Field['type'],
        nullable: type.endsWith('?')
      }
    })
}
