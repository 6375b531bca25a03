import { Component, type ErrorInfo, type ReactNode } from 'react'
import { Problem } from './Problem'

interface BoundaryProps {
  /** What failed, in the reader's words. */
  title: string
  retry: string
  children: ReactNode
}

/** Keeps the failure of one panel from taking the page with it. */
export class Boundary extends Component<BoundaryProps, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    reportError(new Error(`${error.message}${info.componentStack ?? ''}`, { cause: error }))
  }

  override render(): ReactNode {
    const { error } = this.state
    const { title, retry, children } = this.props
    if (!error) return children
    return (
      <Problem
        title={title}
        detail={error.message}
        action={retry}
        onAction={() => this.setState({ error: undefined })}
      />
    )
  }
}
