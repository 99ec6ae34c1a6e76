import { parentPort, workerData } from 'node:worker_threads'
import { runLayerMember } from '../../engine/layers/member.ts'
import type { LayerMemberSettings } from '../../engine/layers/messages.ts'
import { planFor } from '../common/registries.ts'

// The thread of a member that makes layers: it finds modules and filters by name, since functions do not travel.
if (!parentPort) throw new Error('a member is started by its supervisor')
const settings = workerData as LayerMemberSettings
const plan = planFor({ modules: null, filters: null })
await runLayerMember(parentPort, settings, {
  plan,
  modules: plan.modules.filter(({ name }) => settings.modules.includes(name)),
  filters: plan.filters.filter(({ name }) => settings.filters.includes(name)),
  asOf: settings.asOf
})
