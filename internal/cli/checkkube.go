package cli

import (
	"context"
	"errors"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxSkew is the largest difference of the clocks that is no failure.
const maxSkew = 5 * time.Second

// clusterChecker is what the checks need of Kubernetes.
type clusterChecker interface {
	Version(ctx context.Context) (string, error)
	CanI(ctx context.Context, r k8s.Permission) (bool, error)
	DryRun(ctx context.Context, template string) error
	Skew() time.Duration
}

func (d *deps) checkKubernetes(ctx context.Context, pre bool) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	cluster, err := d.cluster()
	if err != nil {
		failure := &errcode.Failure{Code: errcode.ClusterAccess, Err: err}
		errors.As(err, &failure) // it has the code of what failed
		return []finding{failed("kubernetes", failure.Code, "%v", failure.Err)}
	}
	permissions := requiredPermissions(d.cfg.Process, cluster.namespace)
	all := clusterFindings(ctx, cluster, permissions, append([]string{""}, cluster.templates.Names()...))
	reachable := all[0].OK
	all = append(append(all, programFinding(d.cfg.Workers)), templateWarnings(cluster.templates)...)
	if pre || !reachable {
		return all
	}
	return append(all, d.checkWorkers(ctx, cluster)...)
}

// programFinding always passes: only a person knows whether it is what was meant.
func programFinding(w config.Workers) finding {
	return passed("program", "the built-in worker runs %s", app.TemplateOptions(w).Program())
}

// requiredPermissions are those that `run` needs with these settings.
func requiredPermissions(p config.Process, workers string) []k8s.Permission {
	leases, events := "", ""
	if p.LeaderElect {
		leases = app.SystemNamespace(p, workers)
	}
	if p.Deployment != "" || p.PodName != "" {
		events = app.SystemNamespace(p, workers)
	}
	return k8s.Permissions(workers, leases, events)
}

// clusterFindings runs every check even if some fail, so that all of it can be fixed at once.
func clusterFindings(ctx context.Context, cluster clusterChecker, permissions []k8s.Permission, names []string) []finding {
	version, err := cluster.Version(ctx)
	if err != nil {
		return []finding{failed("kubernetes", errcode.Kubernetes, "%v", err)}
	}
	all := []finding{passed("kubernetes", "version %s", version)}
	for _, p := range permissions {
		all = append(all, permissionFinding(ctx, cluster, p))
	}
	for _, name := range names {
		all = append(all, templateFinding(ctx, cluster, name))
	}
	if skew := cluster.Skew(); skew.Abs() > maxSkew {
		return append(all, failed("clock", errcode.ClockSkew, "by %v", skew.Round(time.Second)))
	}
	return append(all, passed("clock", "in sync with the API server"))
}

// templateWarnings repeats what the daemon logs at its start. A warning is no failed check.
func templateWarnings(set *templates.Set) []finding {
	var all []finding
	for _, name := range set.Names() {
		for _, w := range set.Warnings(name) {
			f := passed("template", "%s: warning: %s", name, w)
			f.Code, f.Fix = string(errcode.TemplateWarning), errcode.TemplateWarning.Entry().Fix
			all = append(all, f)
		}
	}
	return all
}

func permissionFinding(ctx context.Context, cluster clusterChecker, p k8s.Permission) finding {
	allowed, err := cluster.CanI(ctx, p)
	switch {
	case err != nil:
		return failed("permission", errcode.Inconclusive, "%v", err)
	case !allowed:
		f := failed("permission", errcode.PermissionMissing, "%s", p)
		f.Fix = p.Grant()
		return f
	}
	return passed("permission", "%s", p)
}

func templateFinding(ctx context.Context, cluster clusterChecker, name string) finding {
	shown := name
	if name == "" {
		shown = "built-in"
	}
	err := cluster.DryRun(ctx, name)
	switch {
	case worker.IsRefusal(err):
		return failed("template", errcode.DryRunRefused, "%s: %v", shown, err)
	case errors.Is(err, worker.ErrForbidden):
		f := failed("template", errcode.PermissionMissing, "%s: %v", shown, err)
		f.Fix = "grant the missing permissions above, or create the namespace, then check again"
		return f
	case err != nil:
		return failed("template", errcode.Inconclusive, "%s: %v", shown, err)
	}
	return passed("template", "%s: the API server would accept a Pod", shown)
}
