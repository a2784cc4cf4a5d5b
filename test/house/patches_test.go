package house

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPatchesApply: the seeded bugs, and the parts that are measured by leaving them out, are patches, which go stale unseen.
func TestPatchesApply(t *testing.T) {
	for _, folder := range []string{"test/bugs", "bench/without"} {
		patches, err := filepath.Glob(filepath.Join(root, folder, "*.patch"))
		if err != nil || len(patches) == 0 {
			t.Fatalf("%s: %v, %v", folder, patches, err)
		}
		for _, patch := range patches {
			whole, err := filepath.Abs(patch)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "git", "apply", "--check", whole)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s/%s does not apply any more: update it\n%s", folder, filepath.Base(patch), out)
			}
		}
	}
}
