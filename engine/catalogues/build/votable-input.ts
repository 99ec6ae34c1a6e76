import type { DuckDBConnection } from '@duckdb/node-api'
import { votableHead, votableValues } from '../files/votable/votable.ts'
import type { Field } from '../files/votable/field.ts'
import type { CatalogueColumn } from '../place-columns.ts'
import { ident } from './sql.ts'

const TYPES: Partial<Record<Field['type'], string>> = {
  boolean: 'BOOLEAN',
  bit: 'BOOLEAN',
  unsignedByte: 'BIGINT',
  short: 'BIGINT',
  int: 'BIGINT',
  long: 'BIGINT',
  float: 'DOUBLE',
  double: 'DOUBLE',
  char: 'VARCHAR',
  unicodeChar: 'VARCHAR'
}

/** The same table `input` of a VOTable: of its plain fields; others, of several values a row, are left out. @returns what it says of them @throws Error */
export async function loadVotable(
  db: DuckDBConnection,
  bytes: Uint8Array
): Promise<CatalogueColumn[]> {
  const { fields, systems } = votableHead(bytes)
  const plain = [...fields.entries()].flatMap(([number, { name, type, isPlain }]) => {
    const sqlType = TYPES[type]
    return isPlain && sqlType !== undefined ? [{ number, name, sqlType }] : []
  })
  const { values } = votableValues(bytes, new Set(plain.map(({ number }) => number)))
  const columns = plain.map(({ name, sqlType }) => `${ident(name)} ${sqlType}`)
  await db.run(`CREATE TABLE input ("siskin row" BIGINT, ${columns.join(', ')})`)
  const appender = await db.createAppender('input')
  const lists = plain.map(({ number, sqlType }) => ({ sqlType, list: values.get(number)! }))
  for (let row = 0; row < (lists[0]?.list.length ?? 0); row++) {
    appender.appendBigInt(BigInt(row + 1))
    for (const { sqlType, list } of lists) {
      const value = list[row]
      if (value === null || value === undefined || value === '') appender.appendNull()
      else if (sqlType === 'BIGINT') appender.appendBigInt(BigInt(value))
      else if (sqlType === 'DOUBLE') appender.appendDouble(Number(value))
      else if (sqlType === 'BOOLEAN') appender.appendBoolean(Boolean(value))
      else appender.appendVarchar(String(value))
    }
    appender.endRow()
  }
  appender.closeSync()
  return plain.map(({ number, name, sqlType }) => {
    const { unit, ucd, ref } = fields[number]!
    const isText = sqlType === 'VARCHAR' // sexagesimal, whatever its unit is called
    return { name, unit: isText ? '' : unit, ucd, system: systems.get(ref) ?? '' }
  })
}
