import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { Page, Schema, Unit } from './contract.ts'
import { get } from './request.ts'

/** One entry of `GET /v1/settings`. */
export interface Setting {
  key: string
  title: string
  description: string
  schema: Schema
  value: unknown
  default: unknown
  is_default: boolean
  /** A change derives everything of the organization again. */
  derives: boolean
  updated_at: string | null
  updated_by: string | null
}

/** One entry of `GET /v1/settings/history`; null is the default. */
export interface SettingChange {
  key: string
  at: string
  by: string
  before: unknown
  after: unknown
}

export const LEVEL_NAMES = ['elite', 'high', 'medium', 'low'] as const

/** One entry of `GET /v1/benchmarks`: the values of a metric that an edition gives a level. */
export interface Band {
  metric: string
  level: (typeof LEVEL_NAMES)[number]
  min: number | null
  max: number | null
  includes_max: boolean
  unit: Unit
  edition: string
  is_own: boolean
}

export interface MetricOptions {
  window_days?: number
  environment?: string
}

/** One entry of `GET /v1/projects`. */
export interface Project {
  name: string
  description: string | null
  repositories: string[]
  services: string[]
  settings: { plugin: string; options: Record<string, MetricOptions>; enabled: boolean }[]
}

export function useSettings() {
  return useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => get<Page<Setting>>('/v1/settings', signal) })
}

export function useSettingHistory() {
  return useInfiniteQuery({
    queryKey: ['settings', 'history'],
    queryFn: ({ signal, pageParam }) => {
      const after = pageParam === null ? '' : `&after=${encodeURIComponent(pageParam)}`
      return get<Page<SettingChange>>(`/v1/settings/history?limit=20${after}`, signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
}

export function useBenchmarks() {
  return useQuery({
    queryKey: ['benchmarks'],
    queryFn: ({ signal }) => get<Page<Band>>('/v1/benchmarks', signal),
    staleTime: 60_000,
  })
}

export function useProjects() {
  return useQuery({ queryKey: ['projects'], queryFn: ({ signal }) => get<Page<Project>>('/v1/projects', signal) })
}
