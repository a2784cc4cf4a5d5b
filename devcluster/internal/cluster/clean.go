package cluster

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
)

// Clean removes the folder of a cluster and everything a killed run left on the machine. It fails while the cluster
// is running.
func Clean(ctx context.Context, dir statedir.Dir, logger *slog.Logger) error {
	if !dir.Exists() {
		return nil
	}
	unlock, err := dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := cleanUp(ctx, dir, logger); err != nil {
		return fmt.Errorf("cleaning %s: %w", dir, err)
	}
	return dir.Remove()
}
