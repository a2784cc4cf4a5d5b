//go:build real

package test

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	c := up(t, newDir(t))
	c.run("kill", "kube-scheduler")
	c.createPod("unscheduled")
	if out, err := c.tryRun("kubectl", "wait", "pod/unscheduled", "--for=condition=PodScheduled", "--timeout=1s"); err == nil {
		t.Errorf("the Pod was scheduled without a scheduler: %s", out)
	}
	c.run("start", "kube-scheduler")
	c.run("kubectl", "wait", "pod/unscheduled", "--for=condition=PodScheduled", "--timeout=30s")

	c.run("freeze", "kube-apiserver")
	if out, err := c.tryRun("kubectl", "get", "pods", "--request-timeout=1s"); err == nil {
		t.Errorf("a frozen API server responded: %s", out)
	}
	c.run("thaw", "kube-apiserver")
	c.run("kubectl", "get", "pods")
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kwok"} {
		c.run("kill", name)
		c.run("start", name)
	}
	c.run("kubectl", "get", "pods")
	if out, err := c.tryRun("kill", "missing"); err == nil || !strings.Contains(out, "no such component") {
		t.Errorf("killing an unknown component: %v, %s", err, out)
	}
}

func TestNodeLoss(t *testing.T) {
	c := up(t, newDir(t), "--nodes", "2", "--node-grace", "4s", "--evict-after", "1s")
	c.createPod("lost", "devcluster.io/duration=1h")
	c.waitPod("lost", ".status.phase", "Running")
	node := c.run("kubectl", "get", "pod", "lost", "-o=jsonpath={.spec.nodeName}")
	c.run("kubectl", "label", "node", node, "devcluster.io/node-")
	c.run("kubectl", "wait", "node/"+node, "--for=condition=Ready=Unknown", "--timeout=40s")
	c.run("kubectl", "wait", "pod/lost", "--for=jsonpath={.metadata.deletionTimestamp}", "--timeout=40s")
	c.run("kubectl", "label", "node", node, "devcluster.io/node=simulated")
	c.run("kubectl", "wait", "node/"+node, "--for=condition=Ready", "--timeout=40s")
}
