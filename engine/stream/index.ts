/** What a stream is started with. The client of Kafka takes most of a second to load: import it when it is wanted. */
export { checkStream } from './check.ts'
export { StreamSupervisor } from './supervisor/supervisor.ts'
