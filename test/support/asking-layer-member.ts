import { parentPort, workerData } from 'node:worker_threads'
import { runLayerMember } from '../../engine/layers/member.ts'
import type { LayerMemberSettings } from '../../engine/layers/messages.ts'
import { askingPlan } from './asking-modules.ts'

const plan = askingPlan()
const settings = workerData as LayerMemberSettings
const modules = plan.modules.filter(({ name }) => settings.modules.includes(name))
await runLayerMember(parentPort!, settings, { plan, modules, filters: [], asOf: null })
