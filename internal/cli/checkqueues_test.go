package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
)

// TestQueuesFileOfCommands: config shows the queues file and, as check and run, says what is wrong in it.
func TestQueuesFileOfCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queues.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range config.Names() {
		t.Setenv(name, "")
	}
	t.Setenv("OTTO_QUEUES_FILE", file)
	var out, errs bytes.Buffer
	d := &deps{cfg: config.Config{Workers: config.Workers{Queues: file}}}

	write("{version: 1, queues: [{name: web, weight: 3}]}")
	if code := Main(t.Context(), "test", []string{"config"}, &out, &errs); code != 0 || !strings.Contains(out.String(), file) {
		t.Errorf("exit code %d, %s%s", code, out.String(), errs.String())
	}
	if f := d.checkQueues(); len(f) != 1 || !f[0].OK || !strings.Contains(f[0].What, "1 queues") {
		t.Errorf("check: %+v", f)
	}

	write("{version: 1, queues: [{name: web, weight: 0}]}")
	const want = "queues[0].weight: got 0, takes a number from 1 to 1000"
	for _, command := range []string{"config", "run"} {
		errs.Reset()
		code := Main(t.Context(), "test", []string{command}, &out, &errs)
		if code != exitUsage || !strings.HasPrefix(errs.String(), "ottoscaler: OTTO110: ") || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: exit code %d, %s", command, code, errs.String())
		}
	}
	if f := d.checkQueues(); len(f) != 1 || f[0].OK || f[0].Code != "OTTO110" || !strings.Contains(f[0].What, want) {
		t.Errorf("check: %+v", f)
	}
	if f := new(deps).checkQueues(); f != nil {
		t.Errorf("without a file: %+v", f)
	}
}
