package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

const (
	reloadInterval   = 5 * time.Second
	maxFingerprinted = 2 << 20 // bytes of a file: more than any that is valid has
)

// files are what the operator's files say: the queues file and the folder of templates.
type files struct {
	policy      *queue.Policy
	templates   *templates.Set
	fingerprint string
}

// errUnsettled: the files changed while they were read.
var errUnsettled = errors.New("the files change while they are read")

// loadFiles reads and validates all of them. Its error is a ConfigError, or errUnsettled.
func loadFiles(w config.Workers, fingerprint func() string) (*files, error) {
	before := fingerprint()
	policy, err := LoadQueues(w)
	if err != nil {
		return nil, err
	}
	set, err := LoadTemplates(w)
	if err != nil {
		return nil, err
	}
	if fingerprint() != before {
		return nil, errUnsettled
	}
	return &files{policy, set, before}, nil
}

// fingerprintOf changes with the content of the files. Times and sizes would miss a change within one tick of the clock, and
// the folders of a mounted ConfigMap are replaced by a link.
func fingerprintOf(w config.Workers) string {
	if w.Queues == "" {
		return templates.Fingerprint(w.Templates)
	}
	sum := sha256.New()
	f, err := os.Open(w.Queues)
	if err == nil {
		_, err = io.Copy(sum, io.LimitReader(f, maxFingerprinted))
		_ = f.Close() // it was only read
	}
	return fmt.Sprintf("%s %v %s", hex.EncodeToString(sum.Sum(nil)), err, templates.Fingerprint(w.Templates))
}

// reloaderOptions are what a reloader needs besides the files.
type reloaderOptions struct {
	// Reloaded is called with what is in effect from now on, and with the names of the templates that were added, changed or
	// removed. It is called from one goroutine.
	Reloaded func(p *queue.Policy, set *templates.Set, changed []string)
	// Failed is called when what is on disk became invalid, once for each error; what was in effect stays.
	Failed func(err error)
	Logger *slog.Logger
}

// reloader lets the operator change queues and templates without a restart. All files change together: either everything is
// valid and in effect, or everything stays as it was.
type reloader struct {
	reloaderOptions

	workers     config.Workers
	fingerprint func() string
	current     atomic.Pointer[files]
	failure     string // of the last look, as it was reported; empty: it succeeded
}

// newReloader reads the files for the first time, and calls nothing back. Its error is a ConfigError.
func newReloader(w config.Workers, o reloaderOptions) (*reloader, error) {
	r := &reloader{reloaderOptions: o, workers: w, fingerprint: func() string { return fingerprintOf(w) }}
	f, err := loadFiles(w, r.fingerprint)
	if errors.Is(err, errUnsettled) {
		f, err = loadFiles(w, r.fingerprint)
	}
	if err != nil {
		return nil, err
	}
	r.current.Store(f)
	return r, nil
}

// Run looks at the files until ctx ends.
func (r *reloader) Run(ctx context.Context) error {
	ticker := time.NewTicker(reloadInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.look()
		case <-ctx.Done():
			return nil
		}
	}
}

// look takes what is on disk if it differs from what is in effect. What is invalid is read again with each look: a file may
// have been cut short by the reading, and its content need not change for the next one to succeed.
func (r *reloader) look() {
	old := r.current.Load()
	if r.failure == "" && r.fingerprint() == old.fingerprint {
		return
	}
	loaded, err := loadFiles(r.workers, r.fingerprint)
	switch {
	case errors.Is(err, errUnsettled):
		return
	case err != nil:
		r.fail(err)
		return
	}
	r.failure = ""
	r.swap(old, loaded)
}

func (r *reloader) fail(err error) {
	if err.Error() == r.failure {
		return
	}
	r.failure = err.Error()
	errcode.Warn(r.Logger, errcode.ReloadFailed, "error", err)
	r.Failed(err)
}

func (r *reloader) swap(old, loaded *files) {
	if aging := loaded.policy.Aging; aging != old.policy.Aging {
		r.Logger.Info("aging changes with the next start only", "aging", aging.String(), "in_effect", old.policy.Aging.String())
		loaded.policy.Aging = old.policy.Aging // the keys of all events that wait depend on it
	}
	changed := loaded.templates.Changed(old.templates)
	r.current.Store(loaded)
	r.Reloaded(loaded.policy, loaded.templates, changed)
	r.Logger.Info("queues and templates reloaded", "queues", len(loaded.policy.Queues), "templates_changed", changed)
}
