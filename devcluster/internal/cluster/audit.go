package cluster

// auditPolicy logs all requests for Pods and their subresources, deletes with their bodies to show UID
// preconditions, and all requests of ServiceAccounts outside kube-system.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  verbs: [delete, deletecollection]
  resources:
  - {group: "", resources: [pods]}
- level: Metadata
  resources:
  - {group: "", resources: [pods, "pods/*"]}
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: Metadata
  userGroups: ["system:serviceaccounts"]
- level: None
`
