import { oneOf, wholeNumber } from './values.ts'
import type { Setting } from './values.ts'

/** How a stream lets itself be watched. */
export const OBSERVE_SETTINGS = {
  metricsPort: {
    key: 'metricsPort',
    flag: '--metrics-port <n>',
    about: 'answer /metrics (Prometheus), /healthz and /readyz on this port; 0: any that is free',
    parse: wholeNumber(0, 65_535)
  },
  metricsHost: {
    key: 'metricsHost',
    flag: '--metrics-host <address>',
    about: 'address of this machine that answers; 0.0.0.0: all',
    fallback: '127.0.0.1'
  },
  logFormat: {
    key: 'logFormat',
    flag: '--log-format <form>',
    about: 'text for people, json for machines: one object a line on stderr and nothing else',
    fallback: 'text',
    parse: oneOf('text', 'json')
  },
  logLevel: {
    key: 'logLevel',
    flag: '--log-level <level>',
    about:
      'least of debug, info, warn and error that is logged; text has each commit from debug on',
    fallback: 'info',
    parse: oneOf('debug', 'info', 'warn', 'error')
  }
} satisfies Record<string, Setting>
