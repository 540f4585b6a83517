import { z } from 'zod'
import { changeFiles } from '../../domain/change-files.ts'
import { rowOf } from '../../domain/entity.ts'
import type { DomainRows } from '../../domain/tables.ts'
import { pulled, type Raw } from '../../src/connector.ts'
import { each, momentOf, whole } from './api.ts'
import type { Config } from './config.ts'
import {
  allMergeRequests,
  changeId,
  mergeDeployments,
  mergeRequestId,
  mergeRequestPath,
  pulledMergeRequest,
  needsFiles,
} from './merge-request.ts'
import { orNull, words } from './payload.ts'
import { lists, pullLists } from './project-list.ts'
import { contextOf } from './project.ts'

export const mergeRequestFilesPayload = z.object({
  merge_request: pulledMergeRequest,
  files: z.array(z.object({ old_path: words, new_path: words })),
})

export const pullMergeRequestFiles = pullLists(
  'files of merge requests',
  lists('merge_requests', allMergeRequests, (ask, found, project) =>
    each(found, async (one) => {
      const files = await whole(ask, `${mergeRequestPath(one, project)}/diffs`, {})
      return pulled(mergeRequestId(one, project), momentOf(one, 'updated_at'), {
        merge_request: { ...one, project: contextOf(project) },
        // The names only: what stands in the files is nobody's business here.
        files: files.map(({ old_path, new_path, new_file, renamed_file, deleted_file }) => ({
          old_path,
          new_path,
          new_file,
          renamed_file,
          deleted_file,
        })),
      })
    }),
  ),
)

export function mergeRequestFilesRows(
  { merge_request: one, files }: z.output<typeof mergeRequestFilesPayload>,
  _raw: Raw,
  config: Config,
): DomainRows {
  const paths = [
    ...new Set(files.flatMap(({ old_path, new_path }) => [orNull(new_path), orNull(old_path)]).filter((path) => path !== null)),
  ]
  return {
    change_files: [rowOf(changeFiles, { change_id: changeId(one), repository: one.project.path_with_namespace, paths })],
    deployments: needsFiles(config) ? mergeDeployments(one, paths, config) : [],
  }
}
