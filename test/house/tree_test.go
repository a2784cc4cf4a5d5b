package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository, seen from this package.
const root = "../.."

// walk calls each with the path, from the root on, of every file that belongs to the repository.
func walk(t *testing.T, each func(path string)) {
	t.Helper()
	skip := map[string]bool{".git": true, "bin": true, ".cache": true, "node_modules": true}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if skip[d.Name()] {
				return fs.SkipDir
			}
			return nil
		}
		path, err = filepath.Rel(root, path)
		each(filepath.ToSlash(path))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// source is one parsed Go file.
type source struct {
	path  string
	files *token.FileSet
	file  *ast.File
	lines int
}

// sources are all Go files that nobody generated.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		text, files := read(t, path), token.NewFileSet()
		file, err := parser.ParseFile(files, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !ast.IsGenerated(file) {
			all = append(all, source{path, files, file, strings.Count(text, "\n")})
		}
	})
	return all
}
