// Package golden holds documents and manifests against the source that they are made from.
package golden

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what is made from the source")

// File compares a file with what it must be; with -update, as `make generate` calls the tests, it is rewritten.
func File(t testing.TB, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the source says; run `make generate` (-want +got):\n%s", path, diff)
	}
}
