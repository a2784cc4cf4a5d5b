package realnode

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJournal(t *testing.T) {
	complete := journal{Dir: "/somewhere", ServiceIP: "10.1.0.1", PodCIDR: "10.2.0.0/24"}
	tests := map[string]struct {
		prepare func(file string) error
		want    journal
		fails   bool
	}{
		"written":     {prepare: complete.write, want: complete},
		"no file":     {prepare: func(string) error { return nil }},
		"no JSON":     {prepare: func(f string) error { return os.WriteFile(f, []byte("{"), 0o600) }, fails: true},
		"unknown key": {prepare: func(f string) error { return os.WriteFile(f, []byte(`{"dir":"/d","unknown":1}`), 0o600) }, want: journal{Dir: "/d"}},
		"overwritten": {prepare: func(f string) error { _ = journal{Dir: "/old"}.write(f); return complete.write(f) }, want: complete},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "journal.json")
			if err := test.prepare(file); err != nil {
				t.Fatal(err)
			}
			got, err := readJournal(file)
			if (err != nil) != test.fails {
				t.Fatalf("error %v, want an error: %v", err, test.fails)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
