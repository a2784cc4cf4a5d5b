package errcode

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// usage is what the product's source does with codes and with the log.
type usage struct {
	used   map[string]bool // names of codes
	logged []string        // warnings and errors without a code: where
}

// TestSource: every code is used, and every warning and error that is logged has one.
func TestSource(t *testing.T) {
	found := scan(t)
	for code, name := range constants(t) {
		if !found.used[name] {
			t.Errorf("%s: nothing uses errcode.%s", code, name)
		}
	}
	for _, where := range found.logged {
		t.Errorf("%s: logs a warning or an error without a code; use errcode.Warn or errcode.Error", where)
	}
}

// scan reads all source of internal/ but tests, helpers of tests and this package.
func scan(t *testing.T) usage {
	t.Helper()
	found := usage{used: make(map[string]bool)}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "../errcode" || strings.HasSuffix(d.Name(), "test")):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool { found.add(files, n); return true })
		return nil
	})
	if err != nil || len(found.used) < 10 {
		t.Fatalf("%d codes used, %v", len(found.used), err)
	}
	slices.Sort(found.logged)
	return found
}

func (u *usage) add(files *token.FileSet, n ast.Node) {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "errcode" {
			u.used[n.Sel.Name] = true
		}
	case *ast.CallExpr:
		if logsUncoded(n) {
			u.logged = append(u.logged, files.Position(n.Pos()).String())
		}
	}
}

// logsUncoded finds x.Warn("…") and its like: a literal message where errcode's functions have a logger.
func logsUncoded(call *ast.CallExpr) bool {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	switch method.Sel.Name {
	case "Warn", "Error":
		return literal(call.Args[0]) != ""
	case "WarnContext", "ErrorContext":
		return len(call.Args) > 1 && literal(call.Args[1]) != ""
	}
	i := slices.IndexFunc(call.Args, isAlarmLevel) // as of Log(ctx, level, message, …)
	return i >= 0 && i+1 < len(call.Args) && literal(call.Args[i+1]) != ""
}

// isAlarmLevel is slog.LevelWarn or slog.LevelError.
func isAlarmLevel(e ast.Expr) bool {
	level, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := level.X.(*ast.Ident)
	return ok && pkg.Name == "slog" && (level.Sel.Name == "LevelWarn" || level.Sel.Name == "LevelError")
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value) // the parser accepted it
	return s
}
