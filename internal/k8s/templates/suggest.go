package templates

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// unknownField takes an unknown field's path out of the error of the JSON library.
var unknownField = regexp.MustCompile(`^unknown field "(.*)"$`)

// suggest completes the error about a field with what was probably meant.
func suggest(problem string) string {
	m := unknownField.FindStringSubmatch(problem)
	if m == nil {
		return problem
	}
	path := strings.Split(m[1], ".")
	last := len(path) - 1
	parents := structs(path[:last])
	if len(parents) == 0 {
		return problem
	}
	name := path[last]
	if similar := similarField(parents[len(parents)-1], name); similar != "" {
		return problem + ": want " + similar
	}
	if home := elsewhere(parents, path, name); home != "" {
		return problem + ": it belongs at " + home
	}
	return problem
}

// structs are the types along a path, the PodTemplateSpec first; none: the path leads elsewhere.
func structs(path []string) []reflect.Type {
	at := reflect.TypeFor[corev1.PodTemplateSpec]()
	all := []reflect.Type{at}
	for _, part := range path {
		name, _, _ := strings.Cut(part, "[")
		next, has := fields(at)[name]
		if !has || next.Kind() != reflect.Struct {
			return nil
		}
		at = next
		all = append(all, at)
	}
	return all
}

// fields are those of a struct by their names in JSON, with the types of what they point to or list.
func fields(t reflect.Type) map[string]reflect.Type {
	all := make(map[string]reflect.Type)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if strings.Contains(options, "inline") {
			maps.Copy(all, fields(inner))
		} else if name != "" && name != "-" {
			all[name] = inner
		}
	}
	return all
}

// similarField is the field of a struct that differs from a name by case, by a letter or two, or by what follows; empty: none.
func similarField(t reflect.Type, name string) string {
	const shortest = 3 // letters that two names must share at least to be called similar
	best, least := "", 3
	for f := range fields(t) {
		d := text.Distance(strings.ToLower(name), strings.ToLower(f))
		begins := strings.HasPrefix(name, f) || strings.HasPrefix(f, name)
		if begins && min(len(f), len(name)) >= shortest {
			d = min(d, 2)
		}
		if d < least || d == least && best != "" && f < best {
			best, least = f, d
		}
	}
	return best
}

// elsewhere is where a field of exactly this name is allowed: in a struct around the one it stands in, which is an indentation
// that is wrong, or right below.
func elsewhere(parents []reflect.Type, path []string, name string) string {
	for i := len(parents) - 2; i >= 0; i-- {
		if _, has := fields(parents[i])[name]; has {
			return strings.Join(append(slices.Clone(path[:i]), name), ".")
		}
	}
	inner := fields(parents[len(parents)-1])
	for _, below := range []string{"spec", "metadata", "securityContext"} {
		if t, has := inner[below]; has && t.Kind() == reflect.Struct {
			if _, has := fields(t)[name]; has {
				return strings.Join(append(slices.Clone(path[:len(path)-1]), below, name), ".")
			}
		}
	}
	return ""
}
