import { z } from 'zod'
import { rowOf } from '../../domain/entity.ts'
import { looseText } from '../../domain/loose.ts'
import { repository } from '../../domain/repository.ts'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Page } from '../../src/connector.ts'
import type { Config } from './config.ts'
import { walk } from './database.ts'

export const repositoryPayload = z.object({
  id: z.string(),
  full_name: looseText(),
  html_url: looseText(),
  default_branch: looseText(),
})

export const pullRepositories = (ask: Ask<Config>): AsyncIterable<Page> => walk(ask, { table: 'repositories' })

export function repositoryRows(row: z.output<typeof repositoryPayload>): DomainRows {
  if (row.full_name === null) throw new Error('the repository has no name')
  const told = { id: row.full_name, title: row.full_name, url: row.html_url, default_branch: row.default_branch, previous_names: [] }
  return { repositories: [rowOf(repository, told)] }
}
