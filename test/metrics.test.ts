import { afterAll, beforeAll, expect, test } from 'vitest'
import { metricCases, metricsWithCases } from './metric-cases.ts'
import { openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

test('every metric has worked cases', () => {
  expect([...world.registry.metrics.keys()].sort()).toEqual(metricsWithCases.toSorted())
})

metricCases(() => world)
