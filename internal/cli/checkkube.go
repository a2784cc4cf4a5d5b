package cli

import (
	"context"
	"errors"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxSkew is how far the clocks may differ before a person should know.
const maxSkew = 5 * time.Second

// prober is what is asked of Kubernetes.
type prober interface {
	Version(ctx context.Context) (string, error)
	May(ctx context.Context, r k8s.Right) (bool, error)
	Try(ctx context.Context, template string) error
	Skew() time.Duration
}

func (t *tools) checkKubernetes(ctx context.Context, pre bool) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	cluster, message, err := t.reach()
	if err != nil {
		return []finding{bad("kubernetes", message, "%v", err)}
	}
	found := checkCluster(ctx, cluster, rights(t.cfg.Process, cluster.Namespace), append([]string{""}, cluster.Templates.Names()...))
	if pre || !found[0].OK {
		return found
	}
	return append(found, t.checkWorkers(ctx, cluster)...)
}

// rights are those that `run` needs with these settings.
func rights(p config.Process, workers string) []k8s.Right {
	leases, events := "", ""
	if p.LeaderElect {
		leases = home(p, workers)
	}
	if p.Deployment != "" || p.PodName != "" {
		events = home(p, workers)
	}
	return k8s.Rights(workers, leases, events)
}

// checkCluster asks for everything, so that a person mends all of it at once.
func checkCluster(ctx context.Context, cluster prober, rights []k8s.Right, templates []string) []finding {
	version, err := cluster.Version(ctx)
	if err != nil {
		return []finding{bad("kubernetes", trouble.Kubernetes, "%v", err)}
	}
	all := []finding{good("kubernetes", "version %s", version)}
	for _, r := range rights {
		all = append(all, checkRight(ctx, cluster, r))
	}
	for _, name := range templates {
		all = append(all, checkTemplate(ctx, cluster, name))
	}
	if skew := cluster.Skew(); skew.Abs() > maxSkew {
		return append(all, bad("clock", trouble.WrongClock, "by %v", skew.Round(time.Second)))
	}
	return append(all, good("clock", "as the API server's"))
}

func checkRight(ctx context.Context, cluster prober, r k8s.Right) finding {
	may, err := cluster.May(ctx, r)
	switch {
	case err != nil:
		return bad("right", trouble.NotAskedKube, "%v", err)
	case !may:
		f := bad("right", trouble.NoRight, "%s", r)
		f.Mend = r.Grant()
		return f
	}
	return good("right", "%s", r)
}

func checkTemplate(ctx context.Context, cluster prober, name string) finding {
	shown := name
	if name == "" {
		shown = "the built-in one"
	}
	err := cluster.Try(ctx, name)
	switch {
	case errors.Is(err, worker.ErrRefused):
		return bad("template", trouble.RefusedNow, "%s: %v", shown, err)
	case errors.Is(err, worker.ErrForbidden):
		f := bad("template", trouble.NoRight, "%s: %v", shown, err)
		f.Mend = "grant what is missing above, or make the namespace, then ask again"
		return f
	case err != nil:
		return bad("template", trouble.NotAskedKube, "%s: %v", shown, err)
	}
	return good("template", "%s: a Pod of it would be taken", shown)
}

// namespace is where workers live, as far as that is known without a cluster.
func (t *tools) namespace() string {
	if ns := t.cfg.Workers.Namespace; ns != "" {
		return ns
	}
	_, namespace, err := k8s.LoadConfig()
	if err != nil {
		return ""
	}
	return namespace
}
