package main

import (
	"os"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/client/internal/miniature"
)

func TestRun(t *testing.T) {
	server := miniature.Start()
	defer server.Stop()
	tests := []struct {
		name string
		args string
		code int
		out  string
		err  string
	}{
		{"done", "--workers 3 --task t", exitDone, "worker 3 succeeded  exit code 0", ""},
		{"a worker failed", "--workers 3 --task fail", exitFailed, "worker 3 failed  exit code 1", ""},
		{"rejected", "--queue unknown", exitUsage, "", "fix: Correct the producer."},
		{"wrong request", "--workers 0", exitUsage, "", "pod_count is 0"},
		{"wrong flag", "--colour blue", exitUsage, "", "colour"},
		{"help", "--help", exitDone, "", "-workers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs strings.Builder
			args := append([]string{"--redis", server.Addr()}, strings.Fields(tt.args)...)
			code := run(t.Context(), make(chan os.Signal), args, &out, &errs)
			if code != tt.code || !strings.Contains(out.String(), tt.out) || !strings.Contains(errs.String(), tt.err) {
				t.Errorf("exit code %d, want %d; out:\n%s\nerrors:\n%s", code, tt.code, &out, &errs)
			}
		})
	}
}
