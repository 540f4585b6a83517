import { z } from 'zod'
import type { DomainRows } from '../../domain/tables.ts'
import type { Ask, Raw } from '../../src/connector.ts'
import { refOf } from './ask.ts'
import type { Config } from './config.ts'
import { graphLists } from './graph-list.ts'
import { changeId, item } from './payload.ts'
import { changeName, changePayload, comesFromFiles, mergeRows, PULL_REQUEST, pullRequestOf } from './pull-request.ts'

export const filesPayload = changePayload.extend({ files: z.array(z.object({ path: z.string() })) })

export const pullFiles = (ask: Ask<Config>) =>
  graphLists(ask, 'files of pull requests', 'pullRequests', (repository) => ({
    query: 'PullRequestFiles',
    first: 25,
    fields: PULL_REQUEST,
    inner: { field: 'files', nodes: 'path' },
    items: (node, files) => [item(changeName, filesPayload, { repository: refOf(repository), pull_request: pullRequestOf(node), files })],
  }))

export function filesRows(payload: z.output<typeof filesPayload>, _raw: Raw, config: Config): DomainRows {
  const { repository, pull_request, files } = payload
  const paths = [...new Set(files.map(({ path }) => path))]
  return {
    change_files: [{ change_id: changeId(repository, pull_request.number), repository: repository.full_name, paths }],
    ...(comesFromFiles(config) ? { deployments: mergeRows(payload, paths, config) } : {}),
  }
}
