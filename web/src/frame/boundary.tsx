import { Component, type ReactNode } from 'react'

/**
 * Keeps a failure of one part from taking the whole page away. The usual one is a part of the program that is no longer there, because
 * the server was upgraded while this page was open.
 */
export class Boundary extends Component<{ fallback: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children
  }
}
