package event_test

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestMetadataVariable(t *testing.T) {
	for key, want := range map[string]string{
		"branch": "OTTO_META_BRANCH", "git.ref-1": "OTTO_META_GIT_REF_1", "빌드": "", "é": "", "$(A)": "OTTO_META___A_",
	} {
		if got := event.MetadataVariable(key); got != want {
			t.Errorf("MetadataVariable(%q) = %s, want %s", key, got, want)
		}
	}
}
