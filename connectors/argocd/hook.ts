import type { Delivery } from '../../src/connector.ts'
import { isWanted } from './application-list.ts'
import { idOf } from './application.ts'
import type { Config } from './config.ts'
import { pushedPayload } from './notification.ts'
import { moment } from './payload.ts'

export function read(_headers: Headers, body: unknown, config: Config): Delivery | null {
  const told = pushedPayload.parse(body)
  if (!isWanted(config, told.application, told.project)) return null
  // Neither template tells since when the health is what it is.
  const pull = told.phase === '' ? ['health'] : told.health === 'Degraded' || told.health === 'Healthy' ? ['syncs', 'health'] : ['syncs']
  const started = moment(told.started_at)
  if (started === null || told.project === null || told.phase === '') return { item: null, pull }
  const id = idOf({ name: told.application, project: told.project }, started)
  return { item: { stream: 'syncs', id, at: moment(told.finished_at) ?? started }, pull }
}
