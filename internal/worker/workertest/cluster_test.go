package workertest

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestInMemoryCluster(t *testing.T) {
	TestCluster(t, func(*testing.T) Clusters {
		c := NewCluster()
		c.StopTime = 10 * time.Millisecond
		return Clusters{
			Cluster: c, Names: event.NewNames(event.DefaultInstance, event.DefaultStream),
			Occupy: c.Occupy, Unlabel: c.Unlabel, Strip: c.Strip, Finish: c.Finish,
		}
	})
}
