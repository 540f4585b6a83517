import { z } from '@hono/zod-openapi'
import { PLUGINS } from '../settings/project-options.ts'
import { projectSchema } from '../settings/projects.ts'
import { route, type Route } from './route.ts'
import type { Services } from './services.ts'

const projectName = z.string().trim().min(1).max(300)
const names = z.array(z.string().trim().min(1).max(300)).max(1_000).default([])

export function projectRoutes({ projects, audit }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/projects',
      summary: 'Projects: repositories and services that are looked at together',
      right: 'read',
      replies: { 200: { description: 'Every project.', schema: z.object({ items: z.array(projectSchema), next: z.null() }) } },
      handle: async ({ principal }) => ({ items: await projects.list(principal.org), next: null }),
    }),
    route({
      method: 'post',
      path: '/v1/projects',
      summary: 'Save a project, or what it holds',
      right: 'admin',
      body: z
        .object({ name: projectName, description: z.string().max(2_000).nullable().default(null), repositories: names, services: names })
        .strict(),
      replies: { 200: { description: 'The project.', schema: projectSchema } },
      handle: ({ principal, actor, body }) => projects.save(principal.org, body, audit.by(actor)),
    }),
    route({
      method: 'post',
      path: '/v1/projects/remove',
      summary: 'Remove a project; what it holds stays',
      right: 'admin',
      body: z.object({ name: projectName }).strict(),
      replies: { 200: { description: 'Whether there was one.', schema: z.object({ removed: z.boolean() }) } },
      handle: async ({ principal, actor, body }) => ({ removed: await projects.remove(principal.org, body.name, audit.by(actor)) }),
    }),
    route({
      method: 'post',
      path: '/v1/projects/settings',
      summary: 'What a project’s metrics are asked with where the question says nothing: window and environment',
      right: 'admin',
      body: z
        .object({
          name: projectName,
          plugin: z.enum(PLUGINS),
          options: z.record(z.string(), z.unknown()),
          enabled: z.boolean().default(true),
        })
        .strict(),
      replies: { 200: { description: 'The project.', schema: projectSchema } },
      handle: ({ principal, actor, body: { name, ...setting } }) => projects.saveSettings(principal.org, name, setting, audit.by(actor)),
    }),
  ]
}
