/** The English words about one object: why it is so, what differs, what can be done with it. */

export type CauseParams = Readonly<Record<string, string>>

export const plural = (n: number, one: string, many: string): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`

export const resourceWords = {
  cause: {
    label: 'Cause',
    /** The server's sentence is in English. */
    sentence: (_code: string, _params: CauseParams, text: string) => text,
    restarts: (n: number) => plural(n, 'restart', 'restarts'),
    more: (count: number) => (count > 0 ? ` (and ${plural(count, 'other cause', 'other causes')})` : ''),
  },
  actions: {
    label: 'Actions',
    on: (what: string) => `Actions on ${what}`,
    details: 'Details',
    copyName: 'Copy name',
    failed: 'The actions could not be loaded',
    none: 'There are no actions for this resource',
    disabled: 'Not possible now',
    title: (action: string, what: string) => `${action}: ${what}`,
    note: 'Before you run it',
    running: (action: string, what: string) => `${action} of ${what} is running…`,
    done: (action: string, what: string) => `${action} of ${what}: done`,
    promote: 'Promote (resume)',
    known: {
      restart: 'Restart',
      pause: 'Pause',
      resume: 'Resume',
      'promote-full': 'Promote fully',
      abort: 'Abort',
      retry: 'Retry',
      'skip-current-step': 'Skip step',
      scale: 'Scale',
      suspend: 'Suspend',
      terminate: 'Terminate',
      'create-job': 'Create a Job',
      refresh: 'Refresh',
      reconcile: 'Reconcile',
      push: 'Push',
      'create-workflow': 'Create a Workflow',
    },
  },
  rollout: {
    title: 'Rollout',
    step: (n: number, total: number) => `Step ${n} of ${total}`,
    finished: (total: number) => `All ${plural(total, 'step', 'steps')} done`,
    aborted: 'Aborted: the stable version is running',
    paused: 'Paused: it waits to be promoted',
    bannerLabel: 'Rollout aborted',
    banner: (git: string, running: string) =>
      git && running
        ? `Git says ${git}, ${running} is running since the abort`
        : 'The version in Git was aborted; the one before it is running',
    bannerHint: 'Going back pins the application to what ran before. To keep it, revert the change in Git as well.',
    goBack: (revision: string) => `Go back to ${revision}`,
    retry: 'Retry',
  },
  events: {
    title: 'Events',
    warnings: 'Last warnings',
    none: 'There are no events of this resource. The cluster keeps them for about an hour.',
    warning: 'Warning',
    normal: 'Normal',
    times: (n: number) => `${n}×`,
    absent: 'What is not in the cluster has no events.',
  },
  diff: {
    title: 'Differences',
    count: (fields: number, resources: number) =>
      `${plural(fields, 'field', 'fields')} of ${plural(resources, 'resource', 'resources')}`,
    shown: (shown: number, total: number) => `${shown} of ${plural(total, 'field', 'fields')}`,
    filter: 'Filter paths',
    managers: 'Set by',
    hide: (manager: string) => `Hide what ${manager} set`,
    show: (manager: string) => `Show what ${manager} set`,
    next: 'Next difference',
    previous: 'Previous difference',
    nothing: 'The cluster has what Git describes',
    allHidden: 'All differences are filtered out',
    showAll: 'Show all',
    create: 'A sync creates it.',
    prune: 'A sync with prune deletes it.',
    unexplained: 'It differs, but not in single fields.',
    noManager: 'unknown',
    immutable: 'Cannot be changed',
    replaced: 'This field cannot be changed in place: a sync deletes the resource and makes it anew.',
    refused: 'This field cannot be changed: the API server refuses it. The plan of a sync says what helps.',
    autoscaled: (by: string) =>
      `${by || 'An autoscaler'} sets this. Remove the field from Git, or let it differ everywhere with this line in the data of argocd-cm:`,
    hidden: 'hidden',
    maskedDifferent: 'The value is secret; desired and live are different.',
    maskedEqual: 'The value is secret; desired and live are equal.',
  },
}
