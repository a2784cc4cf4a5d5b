package realnode

import (
	"context"
	"fmt"
	"os/exec"
)

// Import imports a docker-archive into the running node with this state folder. Any process may call it.
func Import(ctx context.Context, dir, archive string) error {
	l, err := newLayout(dir)
	if err != nil {
		return err
	}
	return l.importImage(ctx, archive)
}

func (l layout) importImage(ctx context.Context, archive string) error {
	if err := l.ctr(ctx, "--namespace", "k8s.io", "images", "import", archive); err != nil {
		return fmt.Errorf("importing %s: %w", archive, err)
	}
	return nil
}

func (l layout) ctr(ctx context.Context, args ...string) error {
	args = append([]string{"--address", l.Socket()}, args...)
	out, err := exec.CommandContext(ctx, "ctr", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr: %w: %s", err, out)
	}
	return nil
}
