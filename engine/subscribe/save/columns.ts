import { UsageError } from '../../errors.ts'
import { fieldOf, TOPIC } from '../alert.ts'
import type { Alert, AlertRecord } from '../alert.ts'
import { columnsOf, pathsOf } from './avro-nodes.ts'
import type { Facts, Node, NodeField, StructNode } from './avro-nodes.ts'
import { isStamp } from '../json.ts'

/** What of an alert is kept in a file. */
export interface SaveOptions {
  /** Only these fields, structs by their name or what is in them by path; null: all. */
  readonly fields: readonly string[] | null
  readonly stamps: boolean
  /** Several topics are read: each alert says which it was in. */
  readonly several: boolean
  /** What is known of a field, by path, that its message does not say. */
  readonly declared: (path: string) => Partial<Facts> | null
}

const TIME = 'time'
const OWN: readonly NodeField[] = [
  { name: TOPIC, node: { kind: 'utf8' }, doc: 'The topic that the alert was read from.' },
  { name: TIME, node: { kind: 'utf8' }, doc: 'Time of the detection, UTC, ISO 8601.' }
]

/** Refuses fields that a schema does not have; `topic` is always there, `time` is `mjd` as a date. */
export class FieldCheck {
  readonly #fields: readonly string[] | null
  readonly #known = new Map<string, ReadonlySet<string>>()

  constructor(fields: readonly string[] | null) {
    this.#fields = fields
  }

  /** The fields of an alert's schema. @throws UsageError for one that was asked for and is not there. */
  of({ message }: Alert): ReadonlySet<string> {
    const known = this.#known.get(message.schema)
    if (known) return known
    const there = new Set(pathsOf(columnsOf(message.schema)))
    if (there.has('mjd')) there.add(TIME)
    there.add(TOPIC)
    for (const field of this.#fields ?? []) {
      if (there.has(field)) continue
      const top = [...there].filter((path) => !path.includes('.')).join(', ')
      throw new UsageError(
        `--fields: messages of ${message.topic} have no "${field}"; there are: ${top}, and what is in them (rate.mag_rate)`
      )
    }
    this.#known.set(message.schema, there)
    return there
  }
}

/** The columns that are kept of alerts of a schema, with what is known of each. */
export function savedColumns(schema: string, options: SaveOptions): StructNode {
  const { fields, stamps, several, declared } = options
  const all = columnsOf(schema)
  const own = OWN.filter(({ name }) => !all.fields.some((field) => field.name === name))
  const whole: StructNode = { kind: 'struct', fields: [...own, ...all.fields] }
  const kept = fields
    ? picked(whole, fields)
    : whole.fields.filter(({ name }) => {
        if (own.some((field) => field.name === name)) return name === TOPIC && several
        return stamps || !isStamp(name)
      })
  return { kind: 'struct', fields: kept.map((field) => withFacts(field, '', declared)) }
}

/** An alert with the fields that are no part of its message. */
export function savedRecord(alert: Alert): AlertRecord {
  return { [TOPIC]: fieldOf(alert, TOPIC), [TIME]: fieldOf(alert, TIME), ...alert.record }
}

/** Fields in the order they are asked for; of a struct that is asked for in parts those parts. */
function picked(whole: StructNode, paths: readonly string[]): NodeField[] {
  const parts = Map.groupBy(paths, (path) => path.split('.', 1)[0]!)
  return [...parts].flatMap(([name, own]) => {
    const field = whole.fields.find((one) => one.name === name)
    if (!field) return []
    const inner = own.map((path) => path.slice(name.length + 1))
    return [own.includes(name) ? field : { ...field, node: pickedIn(field.node, inner) }]
  })
}

function pickedIn(node: Node, paths: readonly string[]): Node {
  if (node.kind === 'list') return { kind: 'list', item: pickedIn(node.item, paths) }
  return node.kind === 'struct' ? { kind: 'struct', fields: picked(node, paths) } : node
}

function withFacts(field: NodeField, prefix: string, declared: SaveOptions['declared']): NodeField {
  const path = `${prefix}${field.name}`
  const known = declared(path)
  return {
    name: field.name,
    node: inside(field.node, `${path}.`, declared),
    unit: field.unit || (known?.unit ?? ''),
    ucd: field.ucd || (known?.ucd ?? ''),
    doc: field.doc || (known?.doc ?? '')
  }
}

function inside(node: Node, prefix: string, declared: SaveOptions['declared']): Node {
  if (node.kind === 'list') return { kind: 'list', item: inside(node.item, prefix, declared) }
  if (node.kind !== 'struct') return node
  return { kind: 'struct', fields: node.fields.map((own) => withFacts(own, prefix, declared)) }
}
