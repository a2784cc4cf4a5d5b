// Package golden compares generated documents and manifests with the source that they are generated from.
package golden

import (
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
