import type { MetricDef } from '../../metrics/family.ts'

/** From one slow module of a small micro-batch to one that hangs. */
const SHORT = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const STAGE = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Close where the trigger and the aim of 30 s are, and up to a night that is read again. */
const LATENCY = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12.5, 15, 20, 25, 30, 45, 60, 120, 300, 900, 3600, 14_400, 86_400
]

const LAG = [0, 10, 100, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000]

/** Every metric of a live stream. `topic` is an input topic everywhere. */
export const METRICS = {
  received: {
    name: 'siskin_packets_received_total',
    type: 'counter',
    labels: ['topic'],
    about: 'Packets taken in: landed, in quarantine, or duplicates'
  },
  receivedBytes: {
    name: 'siskin_received_bytes_total',
    type: 'counter',
    labels: ['topic'],
    about: 'Bytes of the packets taken in'
  },
  alerts: {
    name: 'siskin_alerts_landed_total',
    type: 'counter',
    labels: ['survey', 'topic'],
    about: 'Alerts in the lake'
  },
  quarantined: {
    name: 'siskin_packets_quarantined_total',
    type: 'counter',
    labels: ['topic', 'reason'],
    about: 'Packets in quarantine, which has no survey: what cannot be decoded may be anything'
  },
  duplicates: {
    name: 'siskin_packets_duplicate_total',
    type: 'counter',
    labels: ['topic'],
    about: 'Copies of alerts that were taken in before'
  },
  modules: {
    name: 'siskin_module_alerts_total',
    type: 'counter',
    labels: ['module', 'status'],
    about:
      'Alerts that a module has dealt with: ok, not-applicable, …, failed:threw, failed:timeout, failed:off when it is switched off'
  },
  selected: {
    name: 'siskin_filter_selected_total',
    type: 'counter',
    labels: ['filter', 'output_topic'],
    about: 'Alerts that a filter selected, each a message of its topic'
  },
  filterFailures: {
    name: 'siskin_filter_failed_total',
    type: 'counter',
    labels: ['filter'],
    about: 'Alerts that a filter could not judge'
  },
  batches: {
    name: 'siskin_batches_total',
    type: 'counter',
    labels: ['outcome'],
    about:
      'Micro-batches: landed, or fenced because the partitions were another member’s by then, who takes them in'
  },
  parts: { name: 'siskin_parts_total', type: 'counter', labels: [], about: 'Parts in the lake' },
  written: {
    name: 'siskin_written_bytes_total',
    type: 'counter',
    labels: ['kind'],
    about: 'Bytes written into the lake: alerts, packets, quarantine'
  },
  latency: {
    name: 'siskin_latency_seconds',
    type: 'histogram',
    labels: ['topic'],
    bounds: LATENCY,
    about:
      'From the time stamp of a message in Kafka to the commit that published it, for each message; what a successor finished is left out'
  },
  lag: {
    name: 'siskin_lag_messages',
    type: 'gauge',
    labels: ['topic', 'partition'],
    about: 'Messages in Kafka that are not committed, of the partitions that this supervisor has'
  },
  aside: {
    name: 'siskin_partition_aside',
    type: 'gauge',
    labels: ['topic', 'partition', 'reason'],
    about: 'Partitions that are left alone while the others go on, and why; the log says what to do'
  },
  lost: {
    name: 'siskin_messages_lost_total',
    type: 'counter',
    labels: ['topic'],
    about: 'Offsets that Kafka deleted before they were read'
  },
  lagHistogram: {
    name: 'siskin_topic_lag_messages',
    type: 'histogram',
    labels: ['topic'],
    bounds: LAG,
    about: 'The lag of a topic in this supervisor’s partitions, looked at once a second'
  },
  stageSeconds: {
    name: 'siskin_batch_stage_seconds',
    type: 'histogram',
    labels: ['stage'],
    bounds: STAGE,
    about: 'Time of a micro-batch by what it was doing; the next is made while one is committed'
  },
  moduleSeconds: {
    name: 'siskin_module_seconds',
    type: 'histogram',
    labels: ['module'],
    bounds: SHORT,
    about: 'Time of a module over a part'
  },
  waiting: {
    name: 'siskin_waiting_messages',
    type: 'gauge',
    labels: [],
    about: 'Messages fetched and not in a micro-batch yet'
  },
  lastCommit: {
    name: 'siskin_last_commit_timestamp_seconds',
    type: 'gauge',
    labels: [],
    about: 'When a micro-batch landed last, since 1970; 0: none yet'
  },
  members: {
    name: 'siskin_members',
    type: 'gauge',
    labels: [],
    about: 'Members that there should be'
  },
  membersAlive: {
    name: 'siskin_members_alive',
    type: 'gauge',
    labels: [],
    about: 'Members whose process runs'
  },
  membersJoined: {
    name: 'siskin_members_joined',
    type: 'gauge',
    labels: [],
    about: 'Members that their group has given partitions to, or none where there are too few'
  },
  assignments: {
    name: 'siskin_assignments_total',
    type: 'counter',
    labels: [],
    about: 'How often a member was given partitions: at its start and after every rebalance'
  },
  deaths: {
    name: 'siskin_member_deaths_total',
    type: 'counter',
    labels: ['cause'],
    about:
      'Members that ended unasked: failed with a reason, crashed, or stalled and killed for making no progress'
  },
  restarts: {
    name: 'siskin_member_restarts_total',
    type: 'counter',
    labels: [],
    about: 'Members that were started in the place of dead ones'
  },
  memberMemory: {
    name: 'siskin_member_resident_memory_bytes',
    type: 'gauge',
    labels: ['member'],
    about: 'Resident memory of a member'
  },
  ready: {
    name: 'siskin_ready',
    type: 'gauge',
    labels: [],
    about: '1 while /readyz says yes, else 0'
  },
  info: {
    name: 'siskin_build_info',
    type: 'gauge',
    labels: ['version', 'node'],
    about: 'Always 1: the versions of Siskin and of Node.js'
  },
  startTime: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    labels: [],
    about: 'When the supervisor was started, since 1970'
  },
  memory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    labels: [],
    about: 'Resident memory of the supervisor'
  }
} as const satisfies Record<string, MetricDef>
