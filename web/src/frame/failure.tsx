import { asProblem } from '../api/request.ts'
import { Prose } from './prose.tsx'

/** Why what was just asked for was not done, beside the button that asked; nothing while there is nothing to say. */
export function Failure({ error }: { error: Error | null }) {
  if (error === null) return null
  const { detail, help } = asProblem(error)
  return (
    <p className="field-problem" role="alert">
      <Prose text={[detail, help].filter(Boolean).join(' ')} />
    </p>
  )
}
