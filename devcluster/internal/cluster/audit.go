package cluster

// auditPolicy logs every request for Pods and their subresources by anyone, a delete with its body so that
// its UID precondition can be seen, and all that ServiceAccounts outside kube-system ask for.
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
