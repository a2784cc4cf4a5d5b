package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // without a running dev
	t.Setenv("REDIS_HOST", "")
	t.Setenv("REDIS_PORT", "")
	t.Setenv("OTTOSCALER", "/nowhere/ottoscaler")
	tests := []struct {
		name, args string
		code       int
		says       string
	}{
		{"help", "--help", 0, "Run three workers from one XADD"},
		{"none", "", 0, "Run three workers from one XADD"},
		{"unknown command", "dmeo", 2, `"dmeo"`},
		{"unknown flag", "demo --nod kwok", 2, "--nod"},
		{"unknown node", "demo --node docker", 2, "choose one of auto, containerd, kwok"},
		{"no node", "demo --node none", 2, "choose one of auto, containerd, kwok"},
		{"unknown redis", "dev --redis remote", 2, "choose one of auto, server, embedded"},
		{"too much", "test-event now", 2, `"now"`},
		{"no dev", "test-event", 1, "make dev"},
		{"nothing built", "demo", 1, "make build"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &bytes.Buffer{}
			if code := runCommand(t.Context(), strings.Fields(tt.args), b, b); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(b.String(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, b)
			}
		})
	}
}
