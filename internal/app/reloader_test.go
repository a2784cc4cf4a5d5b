package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

const template = "spec: {containers: [{name: a, image: b}]}\n"

// operator is an operator's folder with his files, and what a reloader says of them.
type operator struct {
	t   *testing.T
	dir string
	*reloader

	policies []*queue.Policy
	sets     []*templates.Set
	changed  [][]string
	failures []string
	log      bytes.Buffer
}

func newOperator(t *testing.T, queues string) *operator {
	t.Helper()
	o := &operator{t: t, dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(o.dir, "templates"), 0o700); err != nil {
		t.Fatal(err)
	}
	o.write("queues.yaml", queues)
	o.write("templates/kept.yaml", template)
	o.write("templates/big.yaml", template)
	r, err := newReloader(config.Workers{Queues: filepath.Join(o.dir, "queues.yaml"), Templates: filepath.Join(o.dir, "templates")}, reloaderOptions{
		Reloaded: func(p *queue.Policy, set *templates.Set, changed []string) {
			o.policies, o.sets, o.changed = append(o.policies, p), append(o.sets, set), append(o.changed, changed)
		},
		Failed: func(err error) { o.failures = append(o.failures, err.Error()) },
		Logger: slog.New(slog.NewTextHandler(&o.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	o.reloader = r
	return o
}

func (o *operator) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *operator) remove(name string) {
	o.t.Helper()
	if err := os.Remove(filepath.Join(o.dir, name)); err != nil {
		o.t.Fatal(err)
	}
}

// weight is that of the queue web in effect.
func (o *operator) weight() int64 { return o.current.Load().policy.Queues["web"].Weight }

func TestReload(t *testing.T) {
	o := newOperator(t, "{version: 1, queues: [{name: web, weight: 3}]}")
	o.look()
	if len(o.policies) != 0 || o.weight() != 3 {
		t.Fatalf("what has not changed was reloaded: %+v", o.policies)
	}
	o.write("queues.yaml", "{version: 1, queues: [{name: web, weight: 5}]}")
	o.write("templates/big.yaml", strings.Replace(template, "image: b", "image: c", 1))
	o.write("templates/new.yaml", template)
	o.remove("templates/kept.yaml")
	o.look()
	o.look()
	if diff := cmp.Diff([][]string{{"big", "kept", "new"}}, o.changed); diff != "" || o.weight() != 5 || o.policies[0] != o.current.Load().policy {
		t.Errorf("weight %d in effect\n%s", o.weight(), diff)
	}
	if diff := cmp.Diff([]string{"big", "new"}, o.sets[0].Names()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(o.log.String(), `msg="queues and templates reloaded" queues=1 templates_changed="[big kept new]"`) {
		t.Errorf("log:\n%s", o.log.String())
	}
}

// TestReloadOfInvalidFiles: all or nothing, said once for each error, and over as soon as the files are valid again.
func TestReloadOfInvalidFiles(t *testing.T) {
	const good = "{version: 1, queues: [{name: web, weight: 3}]}"
	for name, c := range map[string]struct {
		spoil, fix func(o *operator)
		says       string
	}{
		"queues": {
			func(o *operator) { o.write("queues.yaml", "{version: 1, queues: [{name: web, weight: 0}]}") },
			func(o *operator) { o.write("queues.yaml", good) },
			"OTTO110: invalid queues file: ",
		},
		"no queues file": {
			func(o *operator) { o.remove("queues.yaml") }, func(o *operator) { o.write("queues.yaml", good) }, "no such file",
		},
		"a template beside valid queues": {
			func(o *operator) {
				o.write("queues.yaml", "{version: 1, queues: [{name: web, weight: 7}]}")
				o.write("templates/big.yaml", "spec: 1")
			},
			func(o *operator) { o.write("queues.yaml", good); o.write("templates/big.yaml", template) },
			"OTTO102: invalid worker template: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOperator(t, good)
			c.spoil(o)
			o.look()
			o.look()
			if len(o.failures) != 1 || !strings.Contains(o.failures[0], c.says) || len(o.policies) != 0 || o.weight() != 3 {
				t.Fatalf("failures %q, reloads %d, weight %d", o.failures, len(o.policies), o.weight())
			}
			if n := strings.Count(o.log.String(), "code=OTTO108"); n != 1 {
				t.Errorf("logged %d times:\n%s", n, o.log.String())
			}
			c.fix(o)
			o.look()
			o.look()
			if len(o.policies) != 1 || len(o.changed[0]) != 0 {
				t.Errorf("after the fix: %d reloads, changed %v", len(o.policies), o.changed)
			}
			c.spoil(o)
			o.look()
			if len(o.failures) != 2 {
				t.Error("the second time it is not said")
			}
		})
	}
}

// TestReloadWhileFilesChange: what may be half of the old and half of the new is not taken; the next look reads it whole.
func TestReloadWhileFilesChange(t *testing.T) {
	o := newOperator(t, "version: 1")
	o.write("queues.yaml", "{version: 1, queues: [{name: web, weight: 2}]}")
	now, looks := o.fingerprint, 0
	o.fingerprint = func() string { looks++; return fmt.Sprint(now(), looks) }
	o.look()
	if len(o.policies)+len(o.failures) != 0 {
		t.Errorf("reloads %d, failures %q", len(o.policies), o.failures)
	}
	o.fingerprint = now
	if o.look(); o.weight() != 2 {
		t.Errorf("weight %d once they have settled", o.weight())
	}
}

// TestReloadKeepsAging: the keys of events that wait were made with it.
func TestReloadKeepsAging(t *testing.T) {
	o := newOperator(t, "{version: 1, aging: 10m}")
	o.write("queues.yaml", "{version: 1, aging: 1h, queues: [{name: web, weight: 9}]}")
	o.look()
	if p := o.current.Load().policy; p.Aging != 10*time.Minute || o.weight() != 9 {
		t.Errorf("aging %v, weight %d", p.Aging, o.weight())
	}
	if !strings.Contains(o.log.String(), "aging=1h0m0s in_effect=10m0s") {
		t.Errorf("log:\n%s", o.log.String())
	}
}

func TestReloaderWithoutFiles(t *testing.T) {
	r, err := newReloader(config.Workers{}, reloaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.look()
	if f := r.current.Load(); !cmp.Equal(f.policy, queue.Default()) || len(f.templates.Names()) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestReloaderStartsWithValidFiles(t *testing.T) {
	_, err := newReloader(config.Workers{Queues: filepath.Join(t.TempDir(), "none")}, reloaderOptions{})
	var invalid *ConfigError
	if !errors.As(err, &invalid) || !strings.Contains(err.Error(), "OTTO110") {
		t.Errorf("got %v", err)
	}
}

func TestReloaderRuns(t *testing.T) {
	o := newOperator(t, "version: 1")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- o.Run(ctx) }()
		synctest.Wait()
		o.write("queues.yaml", "{version: 1, queues: [{name: web, weight: 2}]}")
		time.Sleep(reloadInterval + time.Millisecond)
		synctest.Wait()
		if o.weight() != 2 {
			t.Errorf("weight %d after a look", o.weight())
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
