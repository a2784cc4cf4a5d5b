//go:build real

// Package install installs the product as its documents say, on a node whose containers really run, and uses it.
package install

import (
	"fmt"
	"os"
	"testing"

	"github.com/redis/go-redis/v9/logging"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// chart is the folder of the chart, image the archive that `make image` packs.
const (
	chart = "../../deploy/chart"
	image = "../../bin/image.tar"
)

var cluster *harness.Cluster

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	logging.Disable() // that a Redis has ended is what is meant
	var err error
	if cluster, err = harness.StartCluster("auto"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cluster.Stop()
	if cluster.Node != "containerd" {
		fmt.Fprintf(os.Stderr, "install: the node is %s, and the Main Pod's container must really run: `devcluster up --node containerd` says what is missing\n", cluster.Node)
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
