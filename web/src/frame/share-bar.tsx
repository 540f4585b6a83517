import './share-bar.css'

/** How much of the largest in its table a row has, for who looks; the figure stands beside it. Nothing is no bar. */
export function ShareBar({ share }: { share: number }) {
  return (
    <td className="share-bar" aria-hidden="true">
      {share > 0 && <div style={{ inlineSize: `${share * 100}%` }} />}
    </td>
  )
}
