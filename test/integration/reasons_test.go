//go:build real

package integration

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// reasonSources are where Kubernetes declares the reasons of Pods and their containers: errors and constants by their names.
var reasonSources = []struct {
	module, files string
	names         string // a regular expression
}{
	{"k8s.io/kubernetes", "pkg/kubelet/images/types.go", `^Err`},
	{"k8s.io/kubernetes", "pkg/kubelet/container/sync_result.go", `^Err`},
	{"k8s.io/kubernetes", "pkg/kubelet/container/runtime.go", `^ContainerReason`},
	{"k8s.io/kubernetes", "pkg/kubelet/kuberuntime/*.go", `^Err`},
	{"k8s.io/kubernetes", "pkg/kubelet/eviction/helpers.go", `^Reason$`},
	{"k8s.io/kubernetes", "pkg/kubelet/events/event.go", `^PreemptContainer$`},
	{"k8s.io/kubernetes", "pkg/kubelet/nodeshutdown/nodeshutdown_manager.go", `Reason$`},
	{"k8s.io/kubernetes", "pkg/kubelet/active_deadline.go", `^reason$`},
	{"k8s.io/kubernetes", "pkg/kubelet/cm/admission/errors.go", `^ErrorReason`},
	{"k8s.io/kubernetes", "pkg/kubelet/lifecycle/predicate.go", `^[A-Z]`},
	{"k8s.io/cri-api", "pkg/errors/errors.go", `^Err`},
	{"k8s.io/api", "core/v1/types.go", `^PodReason`},
}

const (
	notOfContainer = "of an action that is not the start of a container: the kubelet shows only those as reasons"
	notReturned    = "the kubelet compares it, but returns no such error"
	ofResize       = "of a resize in place, which Ottoscaler never requests"
	ofTemplate     = "a node that lacks what one template asks for: rejected and retried, counted as other"
	ofKubeletBug   = "a fault of the kubelet: rejected and retried, counted as other"
)

// withoutRow are the reasons that worker.Reasons leaves out.
var withoutRow = map[string]string{
	"KillContainerError":     notOfContainer,
	"CreatePodSandboxError":  notOfContainer,
	"ConfigPodSandboxError":  notOfContainer,
	"KillPodSandboxError":    notOfContainer,
	"RemoveContainerError":   notOfContainer,
	"ResizePodInPlaceError":  ofResize,
	"Deferred":               ofResize,
	"Infeasible":             ofResize,
	"RROUnsupported":         notReturned,
	"ImageVolumeMountFailed": notReturned,

	"PodOSSelectorNodeLabelDoesNotMatch":   ofTemplate,
	"PodOSNotSupported":                    ofTemplate,
	"SupplementalGroupsPolicyNotSupported": ofTemplate,
	"InitContainerRestartPolicyForbidden":  ofTemplate,
	"InvalidNodeInfo":                      ofKubeletBug,
	"UnknownReason":                        ofKubeletBug,
	"UnexpectedPredicateFailureType":       ofKubeletBug,
	"OutOf":                                "the beginning of OutOfcpu and its like, and of extended resources, which count as other",
}

// TestKubeletReasons holds worker.Reasons against the reasons in the source of the Kubernetes that the tests run.
func TestKubeletReasons(t *testing.T) {
	found := make(map[string]string)
	for _, s := range reasonSources {
		declared := declaredReasons(t, filepath.Join(moduleDir(t, s.module), filepath.FromSlash(s.files)), regexp.MustCompile(s.names))
		if len(declared) == 0 {
			t.Errorf("%s of %s declares no reason", s.files, s.module)
		}
		for _, name := range declared {
			found[name] = s.files
		}
	}
	for name, file := range found {
		_, listed := worker.ReasonOf(name)
		if why := withoutRow[name]; listed == (why != "") {
			t.Errorf("%s (%s): it has a row in worker.Reasons: %v; left out because: %q", name, file, listed, why)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(withoutRow)) {
		if found[name] == "" {
			t.Errorf("%s is left out and Kubernetes does not have it", name)
		}
	}
}

func moduleDir(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Dir = "../../devcluster"
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return strings.TrimSpace(string(out))
}

// declaredReasons are the values, in CamelCase, of the constants and errors whose names fit.
func declaredReasons(t *testing.T, pattern string, names *regexp.Regexp) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && !strings.HasSuffix(path, "_test.go") {
				all = append(all, reasonValues(gen, names)...)
			}
		}
	}
	return all
}

var camelCase = regexp.MustCompile(`^[A-Z][A-Za-z-]+$`)

func reasonValues(decl *ast.GenDecl, names *regexp.Regexp) []string {
	var all []string
	for _, spec := range decl.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for i, v := range value.Values {
			if s := reasonValue(v); names.MatchString(value.Names[i].Name) && camelCase.MatchString(s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// reasonValue is the text of a string literal or of errors.New; empty for all else.
func reasonValue(e ast.Expr) string {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 {
		e = call.Args[0]
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value) // the parser accepted it
	return s
}
