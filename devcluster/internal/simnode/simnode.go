// Package simnode configures kwok: the simulated nodes and the lifecycle of their Pods.
package simnode

import (
	_ "embed"
	"fmt"
	"strconv"
)

// LabelKey selects the nodes that kwok manages. Without the label a node is lost: kwok stops renewing its Lease.
const (
	LabelKey   = "devcluster.io/node"
	LabelValue = "simulated"
)

//go:embed stages.yaml
var stages string

// Both are made up and the same in all clusters. The node's address is loopback, so that requests for logs fail
// with connection refused and never leave this machine.
const (
	nodeIP  = "127.0.0.1"
	podCIDR = "100.64.0.0/10" // large enough for thousands of Pods
)

// Config returns kwok's configuration file. leaseSeconds is the duration of the node Leases, which kwok renews four
// times within it.
func Config(leaseSeconds int) string {
	return fmt.Sprintf(`apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  manageNodesWithLabelSelector: %s=%s
  nodeIP: %s
  cidr: %s
  nodeLeaseDurationSeconds: %d
  podPlayStageParallelism: 32
  nodePlayStageParallelism: 8
  nodeLeaseParallelism: 8
---
%s`, LabelKey, LabelValue, nodeIP, podCIDR, leaseSeconds, stages)
}

// Names returns the names of the first n simulated nodes.
func Names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "kwok-" + strconv.Itoa(i)
	}
	return names
}

// Node returns the object of a simulated node, with more resources than any test requests.
func Node(name string) map[string]any {
	size := map[string]string{"cpu": "100k", "memory": "1000Ti", "ephemeral-storage": "1000Ti", "pods": "100k"}
	return map[string]any{
		"apiVersion": "v1",
		"kind":       "Node",
		"metadata": map[string]any{
			"name": name,
			"labels": map[string]string{
				LabelKey:                 LabelValue,
				"kubernetes.io/hostname": name,
				"kubernetes.io/os":       "linux",
				"kubernetes.io/arch":     "amd64",
			},
		},
		"status": map[string]any{
			"capacity":    size,
			"allocatable": size,
			"nodeInfo": map[string]string{
				"architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "kwok",
				"kernelVersion": "simulated", "osImage": "simulated", "containerRuntimeVersion": "simulated://0",
				"bootID": "", "machineID": "", "systemUUID": "", "kubeProxyVersion": "",
			},
		},
	}
}
