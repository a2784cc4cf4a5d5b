package k8s

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// maxTemplate bounds a template's file: the API server takes no larger Pod either.
const maxTemplate = 1 << 20

// TemplateOptions are what the operator says of the Pods of workers.
type TemplateOptions struct {
	Dir      string            // of `NAME.yaml` files, each a PodTemplateSpec; empty: only the built-in template
	Image    string            // of the built-in template
	Requests map[string]string // of the built-in template, such as cpu: 100m
	Limits   map[string]string // of the built-in template
	Deadline time.Duration     // of templates that set none; 0: none
}

// Templates are all templates by name. The built-in one has the empty name.
type Templates struct {
	byName map[string]corev1.PodTemplateSpec
}

// LoadTemplates reads and checks them all. An error names the file, the field and what is allowed.
func LoadTemplates(o TemplateOptions) (*Templates, error) {
	own, err := builtin(o)
	if err != nil {
		return nil, err
	}
	t := &Templates{byName: map[string]corev1.PodTemplateSpec{"": own}}
	if o.Dir == "" {
		return t, nil
	}
	files, err := templateFiles(o.Dir)
	if err != nil {
		return nil, err
	}
	for name, file := range files {
		template, err := loadTemplate(name, file)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", file, err)
		}
		complete(&template.Spec, o.Deadline)
		t.byName[name] = template
	}
	return t, nil
}

// Deadlines are how long a worker of each template may run; 0: as long as it likes.
func (t *Templates) Deadlines() map[string]time.Duration {
	all := make(map[string]time.Duration, len(t.byName))
	for name, template := range t.byName {
		all[name] = 0
		if s := template.Spec.ActiveDeadlineSeconds; s != nil {
			all[name] = time.Duration(*s) * time.Second
		}
	}
	return all
}

// Names are the names events may use, sorted; the built-in template has none.
func (t *Templates) Names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(t.byName)), func(s string) bool { return s == "" })
}

// of returns a copy of a template, for the caller to fill in.
func (t *Templates) of(name string) (corev1.PodTemplateSpec, bool) {
	template, known := t.byName[name]
	return *template.DeepCopy(), known
}

// templateFiles finds `NAME.yaml` files. Hidden ones are passed over: a mounted ConfigMap has some of its own.
func templateFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the folder of templates: %w", err)
	}
	files := make(map[string]string)
	for _, e := range entries {
		file := filepath.Join(dir, e.Name())
		switch ext := filepath.Ext(e.Name()); {
		case strings.HasPrefix(e.Name(), "."), e.IsDir():
		case ext == ".yaml":
			files[strings.TrimSuffix(e.Name(), ext)] = file
		case ext == ".yml", ext == ".json":
			return nil, fmt.Errorf("template %s: want a file named NAME.yaml", file)
		}
	}
	return files, nil
}

func loadTemplate(name, file string) (corev1.PodTemplateSpec, error) {
	var t corev1.PodTemplateSpec
	if why := validation.IsDNS1123Label(name); len(why) > 0 {
		return t, fmt.Errorf("the name %q: %s", name, strings.Join(why, "; "))
	}
	b, err := readFile(file)
	if err != nil {
		return t, err
	}
	if err := decode(b, &t); err != nil {
		return t, fmt.Errorf("want one PodTemplateSpec, with metadata and spec: %s", line(err.Error(), maxMessage))
	}
	err = checkTemplate(&t)
	return t, err
}

// decode is as strict as the API server, and names a wrong field by its whole path.
func decode(b []byte, into *corev1.PodTemplateSpec) error {
	asJSON, err := yaml.YAMLToJSONStrict(b)
	if err != nil {
		return err
	}
	wrong, err := json.UnmarshalStrict(asJSON, into)
	if err != nil {
		return err
	}
	return errors.Join(wrong...)
}

// readFile refuses a second document: the YAML library would read the first and say nothing.
func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxTemplate {
		return nil, fmt.Errorf("want a regular file of at most %d bytes", maxTemplate)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	body := strings.TrimPrefix(strings.TrimSpace(string(b)), "---")
	if strings.Contains(body, "\n---") {
		return nil, fmt.Errorf("want one document, found a second one after `---`")
	}
	return b, nil
}
