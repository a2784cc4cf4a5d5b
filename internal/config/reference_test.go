package config

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/golden"
)

const reference = "../../docs/configuration.md"

const preamble = `# Configuration

<!-- Made by "make generate" from internal/config: change it there. -->

Ottoscaler is configured by environment variables only. An empty variable counts as unset. If a value is invalid, Ottoscaler
exits with code 2 and prints one line for each invalid variable: its name, its value, and what it takes. A variable that begins
with ` + "`OTTO_`" + ` and is not listed here causes a warning only.

Ottoscaler finds Kubernetes as every Kubernetes client does: inside a cluster with the Pod's ServiceAccount, else with
` + "`KUBECONFIG`" + `, else with ` + "`~/.kube/config`" + `.
`

func TestReference(t *testing.T) {
	golden.File(t, reference, markdown(t))
}

func TestEveryVariableHasARule(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(rules())), slices.Sorted(slices.Values(Names()))); diff != "" {
		t.Errorf("rules against fields:\n%s", diff)
	}
}

// markdown is the reference: a section for each struct of Config, a row for each field.
func markdown(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(preamble)
	for section := range reflect.TypeFor[Config]().Fields() {
		fmt.Fprintf(&b, "\n## %s\n\n| variable | default | takes | meaning |\n|---|---|---|---|\n", section.Name)
		comments := fieldComments(t, section.Type.Name())
		for f := range section.Type.Fields() {
			b.WriteString(row(t, f.Tag, comments[f.Name]))
		}
	}
	return b.String()
}

func row(t *testing.T, tag reflect.StructTag, meaning string) string {
	t.Helper()
	name, value := tag.Get("env"), tag.Get("envDefault")
	if meaning == "" {
		t.Errorf("%s: its field has no comment", name)
	}
	if value != "" {
		value = "`" + value + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, value, rules()[name].takes, meaning)
}

// fieldComments are the comments above the fields of one struct.
func fieldComments(t *testing.T, name string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, source := range []string{"config.go", "traces.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				return true
			}
			for _, f := range spec.Type.(*ast.StructType).Fields.List {
				comments[f.Names[0].Name] = strings.Join(strings.Fields(f.Doc.Text()), " ")
			}
			return false
		})
	}
	return comments
}

// TestUsageListsEveryVariable: each is listed by `run` or by `serve`, in the order of the reference.
func TestUsageListsEveryVariable(t *testing.T) {
	names := func(usage string) (all []string) {
		for line := range strings.Lines(usage) {
			all = append(all, strings.Fields(line)[0])
		}
		return all
	}
	run, serve := names(Usage()), names(ServeUsage())
	var both []string
	for _, name := range Names() {
		if slices.Contains(run, name) || slices.Contains(serve, name) {
			both = append(both, name)
		}
		if strings.HasPrefix(name, apiPrefix) == slices.Contains(run, name) {
			t.Errorf("%s: in the help of run: %v", name, slices.Contains(run, name))
		}
	}
	if diff := cmp.Diff(Names(), both); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if want := "  REDIS_PORT               a number from 1 to 65535 [6379]"; strings.Split(Usage(), "\n")[1] != want {
		t.Errorf("want %q", want)
	}
}
