package house

import (
	"go/ast"
	"slices"
	"testing"
)

// What fits on a screen, and what is read in one go.
const (
	maxFile     = 300 // lines
	maxFunction = 60  // lines
	maxMedian   = 10  // lines, of all functions of the product
)

func TestSizes(t *testing.T) {
	var product []int
	for _, s := range sources(t) {
		if s.lines > maxFile {
			t.Errorf("%s has %d lines: at most %d; split it by topic", s.path, s.lines, maxFile)
		}
		for _, d := range s.file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			n := s.files.Position(f.End()).Line - s.files.Position(f.Pos()).Line + 1
			if n > maxFunction {
				t.Errorf("%s: %s has %d lines: at most %d", s.files.Position(f.Pos()), f.Name.Name, n, maxFunction)
			}
			if isProduct(s.path) {
				product = append(product, n)
			}
		}
	}
	slices.Sort(product)
	if median := product[len(product)/2]; median > maxMedian {
		t.Errorf("the median function of %d has %d lines: at most %d", len(product), median, maxMedian)
	}
}
