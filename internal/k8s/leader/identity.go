package leader

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// LeaseName is the name of the Lease of one installation on one stream, so that two of them in one namespace never wait for
// each other. The daemon, `explain` and the chart's test call it.
func LeaseName(instance, stream string) string {
	if instance == event.DefaultInstance && stream == event.DefaultStream {
		return k8s.ManagedBy
	}
	sum := sha256.Sum256([]byte(instance + "\x00" + stream))
	return k8s.ManagedBy + "-" + hex.EncodeToString(sum[:])[:5]
}

// Identity is this process in a Lease: the name of its Pod, so that a container restarted in it need not wait for its own
// Lease to expire; without one, a name that no other process has. The daemon calls it.
func Identity(podName string) string {
	if podName != "" {
		return podName
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), strings.ToLower(rand.Text()[:8]))
}
