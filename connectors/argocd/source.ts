import { z } from 'zod'
import { repositoryOf } from '../../src/git/refs.ts'
import { known, optional } from './payload.ts'

type Parameter = { readonly name?: string | null | undefined; readonly value?: string | null | undefined }

const ofImages = (parameters: readonly Parameter[]) =>
  parameters.filter(({ name }) => /(?:^|\.)image\.?(?:tag|name|repository)$/i.test(name ?? ''))

const sourcePayload = z.object({
  repoURL: optional,
  path: optional,
  chart: optional,
  targetRevision: optional,
  helm: z
    .object({
      parameters: z
        .array(z.object({ name: optional, value: optional }))
        .transform(ofImages)
        .nullish(),
    })
    .nullish(),
  kustomize: z.object({ images: z.array(z.string()).nullish() }).nullish(),
})

export const sourcesOf = {
  revision: optional,
  revisions: z.array(z.string()).nullish(),
  source: sourcePayload.nullish(),
  sources: z.array(sourcePayload).nullish(),
}

export const isHash = (text: string) => /^[0-9a-f]{7,64}$/i.test(text)

export interface Origin {
  readonly repository: string | null
  readonly isChart: boolean
  readonly revision: string
}

type Origins = { [K in keyof typeof sourcesOf]?: z.output<(typeof sourcesOf)[K]> }

export function originsOf({ revision, revisions, source, sources }: Origins): Origin[] {
  const pairs = revisions?.length ? revisions.map((one, index) => [one, sources?.[index]] as const) : [[revision, source] as const]
  return pairs.flatMap(([one, from]) => {
    const sha = known(one)
    return sha === null
      ? []
      : [{ revision: sha, repository: repositoryOf(from?.repoURL ?? ''), isChart: (known(from?.chart) ?? '') !== '' }]
  })
}

/** The images that a source itself sets, as the image updater does. */
export function imagesSet({ source, sources }: Origins): string[] {
  return [source, ...(sources ?? [])].flatMap((one) => {
    const parameters = new Map((one?.helm?.parameters ?? []).map(({ name, value }) => [name ?? '', value ?? '']))
    const charted = [...parameters].flatMap(([name, tag]) => {
      if (!/(?:^|\.)image\.?tag$/i.test(name) || tag === '') return []
      const stem = name.replace(/\.?tag$/i, '')
      return [`${parameters.get(`${stem}.repository`) ?? parameters.get(`${stem}.name`) ?? ''}:${tag}`]
    })
    return [...(one?.kustomize?.images ?? []).map((image) => image.slice(image.indexOf('=') + 1)), ...charted]
  })
}
