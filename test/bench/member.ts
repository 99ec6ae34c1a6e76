import { parentPort, workerData } from 'node:worker_threads'
import { makePlan } from '../../engine/enrich/plan.ts'
import { runMember } from '../../engine/run/member.ts'
import type { MemberSettings } from '../../engine/run/messages.ts'
import { modules } from '../../science-modules/registry.ts'
import { manyFilters } from './filters.ts'

// A member of the benchmark: its filters are told by their number alone.
const settings = workerData as MemberSettings
const count = Number(settings.filters?.[0] ?? 6)
if (parentPort) await runMember(parentPort, settings, makePlan(modules, manyFilters(count)))
