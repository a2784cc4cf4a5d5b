package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/json"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	maxFile   = 1 << 20 // bytes: the API server takes no larger Pod either
	maxError  = 4 << 10 // bytes of what is wrong with a file
	maxQuoted = 64      // bytes of a value that an error quotes
)

// findFiles finds `NAME.yaml` files. Hidden ones are ignored: a mounted ConfigMap has some of its own.
func findFiles(dir string) (map[string]string, error) {
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

// Fingerprint changes with the files of a folder, or with why they cannot be read. It tells whether Load would find what it
// found before.
func Fingerprint(dir string) string {
	if dir == "" {
		return ""
	}
	sum := sha256.New()
	files, err := findFiles(dir)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b, wrong := readFile(files[name])
		fmt.Fprintf(sum, "%q %q %v\n", name, b, wrong)
	}
	fmt.Fprint(sum, err)
	return hex.EncodeToString(sum.Sum(nil))
}

// loadFile reads and checks one file. The error has everything that is wrong with it, in one line.
func loadFile(name, file string) (corev1.PodTemplateSpec, error) {
	var t corev1.PodTemplateSpec
	if why := validation.IsDNS1123Label(name); len(why) > 0 {
		return t, fmt.Errorf("the name %q: %s", name, strings.Join(why, "; "))
	}
	b, err := readFile(file)
	if err != nil {
		return t, err
	}
	document, err := toJSON(b)
	if err != nil {
		return t, fmt.Errorf("want one PodTemplateSpec, with metadata and spec: %s", text.Line(err.Error(), maxError))
	}
	if wrong := decode(document, &t); len(wrong) > 0 {
		return t, errors.New(text.Line(strings.Join(wrong, "; "), maxError))
	}
	return t, nil
}

// decode is as strict as the API server, and names a wrong field by its whole path.
func decode(document []byte, into *corev1.PodTemplateSpec) (wrong problems) {
	inner, problem := unwrap(document)
	if problem != "" {
		wrong = append(wrong, problem)
	}
	unknown, err := json.UnmarshalStrict(inner, into)
	for _, u := range unknown {
		wrong = append(wrong, suggest(u.Error()))
	}
	if err != nil {
		return append(wrong, "want one PodTemplateSpec: "+err.Error())
	}
	wrong.check(into)
	return wrong
}

func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("want a regular file of at most %d bytes", maxFile)
	}
	return os.ReadFile(file)
}
