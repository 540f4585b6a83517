import { mayGive, ROLES, type Role } from '../../../src/account/role.ts'
import type { Session } from '../api/contract.ts'

/** The roles that one may give; the present one stands there whatever it is. */
export function RoleSelect({
  id,
  label,
  session,
  value,
  disabled = false,
  onChoose,
}: {
  id?: string
  /** Where no label element says it. */
  label?: string
  session: Session
  value: Role
  disabled?: boolean
  onChoose: (role: Role) => void
}) {
  const mayChange = mayGive(session.rights, value)
  const roles = ROLES.filter((role) => role === value || mayGive(session.rights, role))
  return (
    <select
      id={id}
      aria-label={label}
      value={value}
      disabled={disabled || !mayChange}
      title={mayChange ? undefined : 'Only an owner changes what an owner may do'}
      onChange={(event) => onChoose(event.target.value as Role)}
    >
      {roles.map((role) => (
        <option key={role} value={role}>
          {role}
        </option>
      ))}
    </select>
  )
}
