package cluster

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
)

// Clean removes a cluster's folder and what a killed run of it left on the machine. It refuses while the
// cluster runs.
func Clean(ctx context.Context, dir statedir.Dir, logger *slog.Logger) error {
	if !dir.Exists() {
		return nil
	}
	unlock, err := dir.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := cleanup(ctx, dir, logger); err != nil {
		return fmt.Errorf("cleaning %s: %w", dir, err)
	}
	return dir.Remove()
}
