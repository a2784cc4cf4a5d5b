package errcode

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	form, last := regexp.MustCompile(`^OTTO[1-9][0-9][0-9]$`), Code("")
	messages := make(map[string]Code)
	for _, e := range All() {
		if !form.MatchString(string(e.Code)) || e.Code <= last {
			t.Errorf("%s after %s: codes have three digits, are in order and unique", e.Code, last)
		}
		if last = e.Code; e.Message == "" || e.Cause == "" || e.Fix == "" {
			t.Errorf("%s: message, cause or fix is missing", e.Code)
		}
		// What check finds may be what the log says.
		if other := messages[e.Message]; other != "" && e.Code < "OTTO600" {
			t.Errorf("%s and %s have one message", e.Code, other)
		}
		messages[e.Message] = e.Code
		if got := e.Code.Entry(); got != e {
			t.Errorf("%s.Entry() is %+v", e.Code, got)
		}
	}
}

// TestReferences: a code that another entry refers to exists.
func TestReferences(t *testing.T) {
	for _, e := range All() {
		for _, other := range regexp.MustCompile(`OTTO[1-9][0-9][0-9]`).FindAllString(e.Cause+e.Fix, -1) {
			if Code(other).Entry() == (Entry{}) {
				t.Errorf("%s refers to %s, which does not exist", e.Code, other)
			}
		}
	}
}

// constants are the names of the codes by their values.
func constants(t *testing.T) map[Code]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[Code]string)
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for i, v := range spec.Values {
				all[Code(literal(v))] = spec.Names[i].Name
			}
		}
		return true
	})
	return all
}

func TestConstants(t *testing.T) {
	var listed, declared []Code
	for _, e := range All() {
		listed = append(listed, e.Code)
	}
	for code := range constants(t) {
		declared = append(declared, code)
	}
	slices.Sort(declared)
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("constants and entries (-constants +entries):\n%s", diff)
	}
}

func TestLog(t *testing.T) {
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	args := []any{"error", "x", "unused", 1}
	Warn(log, TrimFailed, args[:2]...)
	Error(log, EventRebuilt)
	want := "level=WARN msg=\"stream trim failed\" error=x code=OTTO206\nlevel=ERROR msg=\"event rebuilt from its Pods\" code=OTTO409\n"
	if diff := cmp.Diff(want, b.String()); diff != "" || args[2] != "unused" {
		t.Errorf("args %v; -want +got:\n%s", args, diff)
	}
}

func TestWrap(t *testing.T) {
	cause := errors.New("connection refused")
	err := Wrap(Redis, cause)
	if got, want := err.Error(), "OTTO104: cannot use Redis: connection refused"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	failure, ok := errors.AsType[*Failure](err)
	if !ok || failure.Code != Redis || !errors.Is(err, cause) {
		t.Errorf("%#v lost its code or its cause", err)
	}
	if Wrap(Redis, nil) != nil {
		t.Error("nil became an error")
	}
}
