import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { ask } from '../api/request.ts'
import { Failure } from '../frame/failure.tsx'
import { Notice } from '../frame/notice.tsx'
import { Choice } from '../review/controls.tsx'

const TIERS = ['production', 'staging', 'testing', 'development', 'other']

/** Says which tier an environment is; everything that is kept is then read again. */
export function TierForm({ names }: { names: string[] }) {
  const queries = useQueryClient()
  const [chosen, setChosen] = useState<string | null>(null)
  const [tier, setTier] = useState('production')
  const name = chosen !== null && names.includes(chosen) ? chosen : (names[0] ?? '')
  const set = useMutation({
    mutationFn: (body: { name: string; canonical: string }) => ask<{ changed: boolean }>('/v1/names', { kind: 'environment', ...body }),
    onSuccess: async () => {
      await Promise.all(['gaps', 'status', 'dora'].map((key) => queries.invalidateQueries({ queryKey: [key] })))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    set.mutate({ name, canonical: tier })
  }
  return (
    <form className="tier-form to-press" aria-label="Say which tier an environment is" onSubmit={submit}>
      <Choice label="Environment" value={name} options={names.map((one) => ({ value: one, text: one }))} onChoose={setChosen} />
      <Choice label="is" value={tier} options={TIERS.map((one) => ({ value: one, text: one }))} onChoose={setTier} />
      <button type="submit" className="button" disabled={set.isPending}>
        {set.isPending ? 'Saving…' : 'Save'}
      </button>
      {set.data !== undefined && set.variables !== undefined && (
        <Notice tone="good" role="status">
          <strong>{set.variables.name}</strong> is {set.variables.canonical}. What is kept is being read again.
        </Notice>
      )}
      <Failure error={set.error} />
    </form>
  )
}
