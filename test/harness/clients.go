//go:build real

package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// TypeScriptClient is the folder of the built TypeScript client, seen from a package two folders or one below the root.
func TypeScriptClient(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"..", "../.."} {
		client, err := filepath.Abs(filepath.Join(root, "clients", "typescript"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(client, "dist", "index.js")); err == nil {
			return client
		}
	}
	t.Fatal("the TypeScript client is not built: run `npm ci` in clients/typescript")
	return ""
}
