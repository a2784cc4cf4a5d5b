//go:build real

// Package install installs the product as its documents say, on a node with real containers, and uses it.
package install

import (
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// chart is the folder of the chart, image the archive of `make image`.
const (
	chart = "../../deploy/chart"
	image = "../../bin/image.tar"
)

var cluster *harness.Cluster

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	logging.Disable() // Redis is stopped on purpose
	var err error
	if cluster, err = harness.StartCluster("auto"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	if cluster.Node != "containerd" {
		fmt.Fprintf(os.Stderr, "install: the node is %s, but a real one is needed: run `devcluster up --node containerd` to see what is missing\n",
			cluster.Node)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	if err := cluster.Load(image); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
