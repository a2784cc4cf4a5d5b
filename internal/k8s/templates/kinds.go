package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

// wholes are where objects of Kubernetes have their PodTemplateSpec. People paste such objects.
var wholes = map[string][]string{
	"Pod":         nil, // it is one, with more
	"PodTemplate": {"template"},
	"Deployment":  {"spec", "template"},
	"ReplicaSet":  {"spec", "template"},
	"StatefulSet": {"spec", "template"},
	"DaemonSet":   {"spec", "template"},
	"Job":         {"spec", "template"},
	"CronJob":     {"spec", "jobTemplate", "spec", "template"},
}

// unwrap finds the PodTemplateSpec in an object of Kubernetes, so that everything else that is wrong can be said at once.
// Empty: the document is none. An object that has no template is not looked into any further.
func unwrap(document []byte) (inner []byte, problem string) {
	var whole map[string]any
	if json.Unmarshal(document, &whole) != nil {
		return document, ""
	}
	kind, _ := whole["kind"].(string)
	if _, versioned := whole["apiVersion"]; kind == "" && !versioned {
		return document, ""
	}
	path, known := wholes[kind]
	if kind != "" && !known {
		return []byte(`{"spec":{"containers":[{"name":"a","image":"a"}]}}`),
			fmt.Sprintf("kind %s: want one PodTemplateSpec: metadata and spec of a Pod", text.Line(kind, maxQuoted))
	}
	problem = "kind Pod: want one PodTemplateSpec: remove apiVersion and kind, so that metadata and spec are left"
	if len(path) > 0 {
		problem = fmt.Sprintf("kind %s: want one PodTemplateSpec: only what is below its %s", kind, strings.Join(path, "."))
	}
	for _, key := range path {
		whole, _ = whole[key].(map[string]any)
	}
	part := maps.Clone(whole)
	maps.DeleteFunc(part, func(key string, _ any) bool {
		return slices.Contains([]string{"apiVersion", "kind", "status"}, key)
	})
	inner, err := json.Marshal(part)
	if err != nil || part == nil {
		return []byte("{}"), problem
	}
	return inner, problem
}
