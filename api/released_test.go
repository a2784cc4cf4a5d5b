package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rules of change, which api/README.md has in words. What is read (the status stream, records, dead letters): fields are only
// added; one that was always there stays so. What is sent (entries of the stream, files of the operator): nothing more is required.
// In both: no field goes, and no value that was valid becomes invalid.

// sent are the schemas of what others write.
var sent = []string{"stream-entry.schema.json", "queues-file.schema.json"}

// TestSchemasOnlyGrow compares each schema with that of the last release, in api/released.
func TestSchemasOnlyGrow(t *testing.T) {
	all, err := filepath.Glob("./released/*.schema.json")
	if err != nil || len(all) == 0 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, path := range all {
		name := filepath.Base(path)
		problems := grown(read(t, path), read(t, name), slices.Contains(sent, name), "")
		for _, problem := range problems {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

func read(t *testing.T, path string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return schema
}

// grown says where a schema breaks what was built upon the older one.
func grown(older, newer map[string]any, isSent bool, at string) (problems []string) {
	report := func(format string, args ...any) {
		problems = append(problems, strings.TrimSpace(at+" "+fmt.Sprintf(format, args...)))
	}
	wasRequired, isRequired := words(older["required"]), words(newer["required"])
	from, to := wasRequired, isRequired
	if isSent {
		from, to = isRequired, wasRequired
	}
	for _, name := range from {
		if !slices.Contains(to, name) {
			report("%s: whether it is required has changed", name)
		}
	}
	for _, value := range words(older["enum"]) {
		if newer["enum"] != nil && !slices.Contains(words(newer["enum"]), value) {
			report("the value %s is gone", value)
		}
	}
	for _, bound := range []string{"pattern", "maxLength", "minLength", "const", "format", "type"} {
		if !isSent || older[bound] != nil || newer[bound] == nil {
			continue
		}
		report("%s is new", bound)
	}
	for _, bound := range []string{"pattern", "const", "type", "format"} {
		if older[bound] != nil && fmt.Sprint(older[bound]) != fmt.Sprint(newer[bound]) {
			report("%s is %v, it was %v", bound, newer[bound], older[bound])
		}
	}
	return append(problems, grownParts(older, newer, isSent, at)...)
}

func grownParts(older, newer map[string]any, isSent bool, at string) (problems []string) {
	for _, part := range []string{"properties", "patternProperties"} {
		was, is := object(older[part]), object(newer[part])
		for _, name := range slices.Sorted(maps.Keys(was)) {
			if is[name] == nil {
				problems = append(problems, strings.TrimSpace(at+" "+name+" is gone"))
				continue
			}
			problems = append(problems, grown(object(was[name]), object(is[name]), isSent, at+"/"+name)...)
		}
	}
	for i, branch := range list(older["oneOf"]) {
		title := object(branch)["title"]
		found := slices.IndexFunc(list(newer["oneOf"]), func(b any) bool { return title != nil && object(b)["title"] == title })
		switch {
		case title == nil:
		case found < 0:
			problems = append(problems, fmt.Sprintf("%s/%d: %v is gone", at, i, title))
		default:
			problems = append(problems, grown(object(branch), object(list(newer["oneOf"])[found]), isSent, fmt.Sprintf("%s/%v", at, title))...)
		}
	}
	if older["items"] != nil {
		problems = append(problems, grown(object(older["items"]), object(newer["items"]), isSent, at+"/items")...)
	}
	return problems
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func words(v any) []string {
	var all []string
	for _, x := range list(v) {
		all = append(all, fmt.Sprint(x))
	}
	return all
}

// TestGrownFinds: each way to break a contract is found, and what only adds is not.
func TestGrownFinds(t *testing.T) {
	const base = `{"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "enum": ["x", "y"]}, "b": {"type": "string"}},
		"oneOf": [{"title": "k", "required": ["a"]}]}`
	for name, c := range map[string]struct {
		newer    string
		isSent   bool
		problems int
	}{
		"the same":                  {base, false, 0},
		"a field more":              {strings.Replace(base, `"b":`, `"c": {"type": "string"}, "b":`, 1), false, 0},
		"a field gone":              {strings.Replace(base, `"b":`, `"c":`, 1), false, 1},
		"a value gone":              {strings.Replace(base, `"x", `, "", 1), false, 1},
		"a value more":              {strings.Replace(base, `"x", `, `"x", "z", `, 1), false, 0},
		"not always there any more": {strings.Replace(base, `"required": ["a"], `, "", 1), false, 1},
		"required of the sender":    {strings.Replace(base, `["a"], `, `["a", "b"], `, 1), true, 1},
		"always there now":          {strings.Replace(base, `["a"], `, `["a", "b"], `, 1), false, 0},
		"a bound more for senders":  {strings.Replace(base, `"b": {`, `"b": {"maxLength": 3, `, 1), true, 1},
		"another type":              {strings.Replace(base, `"b": {"type": "string"`, `"b": {"type": "number"`, 1), false, 1},
		"a kind gone":               {strings.Replace(base, `"title": "k"`, `"title": "l"`, 1), false, 1},
		"a kind without its field":  {strings.Replace(base, `"k", "required": ["a"]`, `"k"`, 1), false, 1},
	} {
		var older, newer map[string]any
		if json.Unmarshal([]byte(base), &older) != nil || json.Unmarshal([]byte(c.newer), &newer) != nil {
			t.Fatal(name)
		}
		if got := grown(older, newer, c.isSent, ""); len(got) != c.problems {
			t.Errorf("%s: %q, want %d problems", name, got, c.problems)
		}
	}
}
