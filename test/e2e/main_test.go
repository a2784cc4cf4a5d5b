//go:build real

// Package e2e runs the product against a real Redis and, where the machine allows, a real node whose containers run.
package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

var cluster *harness.Cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	node := os.Getenv("OTTO_TEST_NODE")
	if node == "" {
		node = "auto"
	}
	var err error
	if cluster, err = harness.StartCluster(node); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	fmt.Printf("node: %s\n", cluster.Node)
	if os.Getenv("CI") == "true" && cluster.Node != "containerd" {
		fmt.Fprintln(os.Stderr, "CI needs real containers: run `devcluster up --node containerd` to see what is missing")
		return 1
	}
	return m.Run()
}
