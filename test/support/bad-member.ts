import { parentPort, workerData } from 'node:worker_threads'
import { runMember } from '../../engine/run/member.ts'
import type { MemberSettings } from '../../engine/run/messages.ts'
import { badPlan } from './bad-modules.ts'

// A member with a module or a filter that misbehaves.
const settings = workerData as MemberSettings
const plan = badPlan(settings.modules ?? [], settings.filters ?? [])
if (parentPort) await runMember(parentPort, settings, plan)
