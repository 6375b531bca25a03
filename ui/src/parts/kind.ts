/** What a kind's badge says: kubectl's short names where they are common, else the capitals of the name. */
const shortNames: Readonly<Record<string, string>> = {
  Application: 'APP',
  ConfigMap: 'CM',
  CronJob: 'CJ',
  CustomResourceDefinition: 'CRD',
  DaemonSet: 'DS',
  Deployment: 'DEP',
  EndpointSlice: 'EPS',
  Endpoints: 'EP',
  HorizontalPodAutoscaler: 'HPA',
  Ingress: 'ING',
  Job: 'JOB',
  Namespace: 'NS',
  NetworkPolicy: 'NP',
  PersistentVolumeClaim: 'PVC',
  Pod: 'POD',
  PodDisruptionBudget: 'PDB',
  ReplicaSet: 'RS',
  Secret: 'SEC',
  Service: 'SVC',
  ServiceAccount: 'SA',
  StatefulSet: 'STS',
}

export function kindBadge(kind: string): string {
  const known = shortNames[kind]
  if (known) return known
  const capitals = kind.replace(/[^A-Z]/g, '')
  return (capitals.length > 1 ? capitals : kind.toUpperCase()).slice(0, 3)
}
