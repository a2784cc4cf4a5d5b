// Package golden holds files against the source: generated documents and manifests, and cases that others than the tests run, too.
package golden

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what is generated from the source")

// File compares a file with its generated content; with -update, as `make generate` runs the tests, the file is rewritten.
func File(tb testing.TB, path, want string) {
	tb.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		tb.Errorf("%s differs from the source; run `make generate` (-want +got):\n%s", path, diff)
	}
}

// Cases reads a JSON array of cases from a file; one without any ends the test.
func Cases[T any](tb testing.TB, path string) []T {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(data, &all); err != nil || len(all) == 0 {
		tb.Fatalf("%s: %d cases, %v", path, len(all), err)
	}
	return all
}
