import { parentPort, workerData } from 'node:worker_threads'
import { runLayerMember } from '../../engine/layers/member.ts'
import type { LayerMemberSettings } from '../../engine/layers/messages.ts'
import { badPlan } from './bad-modules.ts'

// A member that makes layers, with modules and filters that misbehave.
const settings = workerData as LayerMemberSettings
const plan = badPlan(settings.modules, settings.filters)
const { modules, filters } = plan
if (parentPort)
  await runLayerMember(parentPort, settings, { plan, modules, filters, asOf: settings.asOf })
