package cli

import (
	"errors"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// checkQueues reads the queues file, if there is one.
func (d *deps) checkQueues() []finding {
	file := d.cfg.Workers.Queues
	if file == "" {
		return nil
	}
	policy, err := app.LoadQueues(d.cfg.Workers)
	if err != nil {
		failure := &errcode.Failure{Code: errcode.Queues, Err: err}
		errors.As(err, &failure) // without the code, which the finding has
		return []finding{failed("queues", failure.Code, "%v", failure.Err)}
	}
	return []finding{passed("queues", "%s: %d queues, %d templates with a policy", file, len(policy.Queues), len(policy.Templates))}
}
