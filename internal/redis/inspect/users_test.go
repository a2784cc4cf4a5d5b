package inspect

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestUsersFile: the user in deploy/redis/users.acl may send the commands that `ottoscaler check` asks for, and besides
// them only SELECT and INFO.
func TestUsersFile(t *testing.T) {
	b, err := os.ReadFile("../../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(b), "user ottoscaler ")
	line, _, _ = strings.Cut(line, "\n")
	var granted []string
	for word := range strings.FieldsSeq(line) {
		if command, ok := strings.CutPrefix(word, "+"); ok {
			granted = append(granted, command)
		}
	}
	want := []string{"select", "info"}
	for _, call := range needed {
		command, _, _ := strings.Cut(call, " K")
		command, _, _ = strings.Cut(command, " GROUP g")
		want = append(want, strings.ToLower(strings.ReplaceAll(command, " ", "|")))
	}
	slices.Sort(want)
	slices.Sort(granted)
	if diff := cmp.Diff(want, granted); diff != "" {
		t.Errorf("commands (-needed +granted):\n%s", diff)
	}
}
