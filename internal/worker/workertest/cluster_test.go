package workertest

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestInMemoryCluster(t *testing.T) {
	TestCluster(t, func(*testing.T) Clusters {
		c := NewCluster()
		c.StopTime = 10 * time.Millisecond
		return Clusters{
			Cluster: c, Names: worker.NewNames(worker.DefaultInstance, worker.DefaultStream),
			Occupy: c.Occupy, Unlabel: c.Unlabel, Strip: c.Strip, Finish: c.Finish,
		}
	})
}
