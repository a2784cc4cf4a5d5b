package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const dialect = "https://json-schema.org/draft/2020-12/schema"

// document is a schema with its head.
func document(title, description string, rest map[string]any) map[string]any {
	rest["$schema"], rest["title"] = dialect, title
	rest["description"] = description + " Made by `make generate` from api/*_test.go."
	return rest
}

func encode(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// compile reads a schema of api/ by an independent implementation of JSON Schema, formats included.
func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join(".", name))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance is a flat entry as the validator takes it.
func instance[V any](fields map[string]V) map[string]any {
	m := make(map[string]any, len(fields))
	for k, v := range fields {
		m[k] = v
	}
	return m
}

// TestSchemasCompile: each schema of api/ is one of the dialect that it names.
func TestSchemasCompile(t *testing.T) {
	all, err := filepath.Glob("./*.schema.json")
	if err != nil || len(all) < 5 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, path := range all {
		compile(t, filepath.Base(path))
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), dialect) {
			t.Errorf("%s: no dialect (%v)", path, err)
		}
	}
}
