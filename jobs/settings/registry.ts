import { withPassword } from '../../engine/registry/http.ts'
import type { Setting } from './values.ts'

/** Who we are at a schema registry: at that of `--schemas`, `--registry` and `--out-registry`. */
export const REGISTRY_SETTINGS = {
  registryUser: {
    key: 'registryUser',
    flag: '--registry-user <name>',
    about: 'user at the schema registry, where its address names none'
  },
  registryPassword: {
    key: 'registryPassword',
    flag: '--registry-password <text>',
    about: 'its password; better in SISKIN_REGISTRY_PASSWORD, where no process list shows it'
  }
} satisfies Record<string, Setting>

/** The settings that may name a registry. */
export const REGISTRIES = ['schemas', 'registry', 'outRegistry'] as const

/** The places of registries, each with the user and the password that were set apart from it. */
export function withUser<T extends Record<(typeof REGISTRIES)[number], string | null>>(
  settings: T,
  values: Readonly<Record<string, unknown>>
): T {
  const text = (name: string) => (values[name] as string | undefined) ?? null
  const [user, password] = [text('registryUser'), text('registryPassword')]
  const places = REGISTRIES.map((name) => {
    const place = settings[name]
    return [name, place === null ? null : withPassword(place, user, password)]
  })
  return { ...settings, ...Object.fromEntries(places) }
}
