import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export type Properties = Readonly<Record<string, string | number | boolean>>

/** The Java that Hadoop and HBase were written for had its insides open. */
export const OPEN_JAVA = [
  'java.base/java.lang',
  'java.base/java.lang.reflect',
  'java.base/java.io',
  'java.base/java.nio',
  'java.base/sun.nio.ch',
  'java.base/java.util',
  'java.base/java.util.concurrent'
].flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`])

/** The web pages of the daemons are not in the published jars; without the folders none starts. */
const WEB_PAGES = ['webapps/hdfs', 'webapps/datanode', 'webapps/static']

/** Writes a folder of Hadoop's configuration; returns it, for the class path. */
export function writeConfig(folder: string, files: Readonly<Record<string, Properties>>): string {
  const config = join(folder, 'conf')
  for (const pages of WEB_PAGES) mkdirSync(join(config, pages), { recursive: true })
  writeFileSync(join(config, 'log4j.properties'), LOG4J)
  writeFileSync(join(config, 'log4j2.properties'), LOG4J2)
  for (const [name, properties] of Object.entries(files)) {
    writeFileSync(join(config, name), siteText(properties))
  }
  return config
}

function siteText(properties: Properties): string {
  const escaped = (value: unknown) => String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const entries = Object.entries(properties).map(
    ([name, value]) => `<property><name>${name}</name><value>${escaped(value)}</value></property>\n`
  )
  return `<?xml version="1.0"?>\n<configuration>\n${entries.join('')}</configuration>\n`
}

const LOG4J = `log4j.rootLogger=WARN,out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1} %m%n
`

/** For servers that log with log4j 2. */
export const LOG4J2 = `rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
`
