//go:build real

// Package integration runs the product against a real Redis and a real API server, with simulated nodes.
package integration

import (
	"flag"
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
	var err error
	if cluster, err = harness.StartCluster("kwok"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	if code := m.Run(); code != 0 {
		return code
	}
	if err := harness.UnusedPermissions(); err != nil && flag.Lookup("test.run").Value.String() == "" {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
